"""The tour: three processes play the whole product against the sandbox, and an independent checker judges it."""
