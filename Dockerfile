# The same program as everywhere else; sessions live on the volume.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    SESSIONS_DIR=/data/sessions \
    USE_LOCAL_STORAGE=true \
    HOST=0.0.0.0 \
    PORT=8080

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bybot ./bybot

RUN useradd --create-home --uid 10001 bybot && mkdir -p /data/sessions && chown -R bybot /data && chmod 700 /data/sessions
USER bybot
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=4)"]
# exec form: SIGTERM reaches bybot itself, which then makes everything durable.
CMD ["python", "-m", "bybot", "run"]
