"""Which language a text is in: posts as they are written, and those of which nothing can be said."""

from __future__ import annotations

import pytest

from bybot.mirror.rules.filters import Languages
from bybot.mirror.rules.language import LANGUAGES, language_of
from tests.mirror.rules.posts import post

#: Two posts in each language; the second in everyday words.
POSTS = {
    "en": ("The ferry to the islands leaves at nine because of the wind.", "Are you coming to the market with us?"),
    "zh": ("因为风大，去各岛的渡轮九点开船。", "今天你跟我们去市场吗？早点出门吧"),
    "ja": ("風が強いため、島へ行くフェリーは九時に出ます。", "今日は一緒に市場へ行きませんか。"),
    "ko": ("바람이 강해서 섬으로 가는 배는 아홉 시에 떠납니다.", "오늘 우리와 함께 시장에 갈래요?"),
    "ar": ("تغادر العبارة إلى الجزر في التاسعة بسبب الرياح.", "هل تأتي معنا إلى السوق اليوم؟"),
    "fa": ("به خاطر باد، کشتی جزیره‌ها ساعت نه حرکت می‌کند.", "امروز با ما به بازار می‌آیی؟"),
    "ur": ("ہوا کی وجہ سے جزیروں کی کشتی نو بجے روانہ ہو گی۔", "کیا آپ آج ہمارے ساتھ بازار چلیں گے؟"),
    "he": ("בגלל הרוח המעבורת לאיים יוצאת בתשע.", "אתם באים איתנו לשוק היום?"),
    "hi": ("हवा के कारण द्वीपों की नाव नौ बजे चलेगी।", "क्या आप आज हमारे साथ बाज़ार चलेंगे?"),
    "th": ("เรือข้ามฟากไปเกาะออกเก้าโมงเพราะลมแรง", "วันนี้ไปตลาดกับเราไหม"),
    "el": ("Το πλοίο για τα νησιά φεύγει στις εννέα λόγω του ανέμου.", "Θα έρθεις μαζί μας στην αγορά σήμερα;"),
    "ru": ("Из-за ветра паром на острова уходит в девять часов.", "Вы пойдёте с нами на рынок сегодня?"),
    "uk": ("Через вітер пором на острови відходить о дев'ятій.", "Ви підете з нами на ринок сьогодні?"),
    "bg": ("Заради вятъра фериботът до островите тръгва в девет.", "Ще дойдете ли с нас на пазара днес?"),
    "es": ("El transbordador a las islas sale a las nueve por el viento.", "¿Vienes hoy con nosotros al mercado?"),
    "pt": ("A balsa para as ilhas sai às nove por causa do vento.", "Você vem com a gente ao mercado hoje?"),
    "fr": ("Le bac pour les îles part à neuf heures à cause du vent.", "Tu viens avec nous au marché aujourd'hui ?"),
    "de": ("Wegen des Windes fährt die Fähre zu den Inseln um neun.", "Kommst du heute mit uns auf den Markt?"),
    "it": ("Il traghetto per le isole parte alle nove a causa del vento.", "Oggi vieni con noi al mercato?"),
    "nl": ("De veerboot naar de eilanden vertrekt om negen uur door de wind.", "Ga je vandaag met ons naar de markt?"),
    "pl": ("Z powodu wiatru prom na wyspy odpływa o dziewiątej.", "Czy idziesz dziś z nami na targ? Będzie miło."),
    "tr": ("Rüzgâr yüzünden adalara giden vapur saat dokuzda kalkıyor.", "Bugün pazara geliyor musun? Çok güzel olur."),
    "id": ("Karena angin, feri ke pulau itu berangkat pukul sembilan.", "Apakah kamu ikut dengan kami ke pasar?"),
    "vi": ("Vì gió lớn, phà ra đảo khởi hành lúc chín giờ.", "Hôm nay bạn có đi chợ với chúng tôi không?"),
    "sv": ("På grund av vinden går färjan till öarna klockan nio.", "Följer du med oss till torget idag?"),
    "cs": ("Kvůli větru odjíždí trajekt na ostrovy v devět hodin.", "Půjdeš dnes s námi na trh? Bude to hezké."),
    "ro": ("Din cauza vântului, feribotul spre insule pleacă la nouă.", "Vii astăzi cu noi la piață?"),
}  # fmt: skip
NOTHING_TO_SAY = ["", "ok", "👍🏽👩‍👩‍👧", "BTC 65000 USD +3.2%", "https://a.example/the/quick/brown/fox/of/the/world",
                  "@the_harbour_news #theweather", "港口", "12:30 – 14:45", "iPhone 17 Pro Max"]  # fmt: skip


def test_every_language_that_is_offered_is_tested() -> None:
    assert set(POSTS) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_post_is_never_taken_for_one_in_another_language(language: str) -> None:
    found = {language_of(text) for text in POSTS[language]}
    assert language in found
    assert found <= {language, None}


def test_most_are_known() -> None:
    found = [language_of(text) == language for language, texts in POSTS.items() for text in texts]
    assert sum(found) >= 0.85 * len(found)


@pytest.mark.parametrize("text", NOTHING_TO_SAY)
def test_of_short_texts_names_and_numbers_nothing_is_said(text: str) -> None:
    assert language_of(text) is None


def test_chinese_with_many_foreign_names_is_chinese_and_english_with_one_chinese_word_is_english() -> None:
    assert language_of("OpenAI 今天发布了 GPT 的新版本，Google 和 Apple 也有新消息 🎉") == "zh"
    assert language_of("The word for harbour is 港 and it is one of the first that we learn here.") == "en"


def test_emoji_links_and_names_do_not_change_the_language() -> None:
    text = POSTS["en"][0]
    assert language_of(f"🎉👨‍👩‍👧 @имя_канала {text} https://пример.example/путь #новости") == "en"


def test_only_some_languages_or_all_but_some_pass_and_what_is_unknown_passes_always() -> None:
    only, without = Languages(frozenset({"en", "zh"})), Languages(frozenset({"ar"}), allow=False)
    texts = {"en": True, "zh": True, "ar": False, "de": False}
    assert {language: only.keeps(post(POSTS[language][0])) for language in texts} == texts
    assert [without.keeps(post(POSTS[language][0])) for language in ("en", "ar")] == [True, False]
    assert all(rule.keeps(post(text)) for rule in (only, without) for text in NOTHING_TO_SAY)
    with pytest.raises(ValueError, match="languages"):
        Languages(frozenset({"xx"}))
    with pytest.raises(ValueError, match="languages"):
        Languages(frozenset())


@pytest.mark.parametrize("text", ["la casa de que no se para con por como", "en de van het is die und der das mit"])
def test_words_that_speak_for_two_languages_alike_speak_for_none(text: str) -> None:
    assert language_of(text) is None


def test_a_few_kana_among_many_characters_make_a_text_japanese_and_one_does_not() -> None:
    assert language_of("東京都知事選挙の投票日、有権者の関心高まる") == "ja"
    assert language_of("中国人民银行发布新规の通知") == "zh"
