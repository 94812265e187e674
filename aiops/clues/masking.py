"""A log line without its secrets, and without its parameters. Pure.

Secrets go first and always: what is masked here is never stored anywhere.
"""

import re
from typing import Final

PARAMETER: Final = "<*>"
"""How a template writes what differs from line to line; the sign of drain3."""

LONGEST: Final = 400
"""Characters of a line that are kept; a statement has said what it is by then."""

_READ: Final = 4 * LONGEST
_LONG_WORD: Final = 32
"""From here on a word that mixes both cases and digits is a key, not a name."""

_HINTS: Final = (
    "pass", "pwd", "secret", "token", "key", "credential", "auth", "cookie", "session", "sid",
    "signature", "otp", "cvv", "cvc", "iban", "ssn", "bearer", "basic",
)  # fmt: skip
_NAMED: Final = re.compile(
    # `"password": "…"`, `DB_PASSWORD=…`, `Authorization: Bearer …`: the name stays.
    r"((?<![a-z])(?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|private)[-_ ]?key"
    r"|key|credentials?|auth|authorization|cookie|session(?:[-_ ]?id)?|sid|signature|otp|cvv|cvc"
    r"|iban|ssn)[\"']?\s*(?:=>|[:=])\s*)(?:(?:bearer|basic|digest|token)\s+)?"
    r"(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s,;&)}\]]+)"
    r"|(\b(?:bearer|basic)\s+)[\w+/.=~-]{8,}",
    re.IGNORECASE,
)
_PREFIXES: Final = (
    "eyJ", "AKIA", "ASIA", "xox", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "sk_",
    "sk-", "pk_", "rk_", "whsec_", "hvs.", "npm_", "AIza",
)  # fmt: skip
_TOKEN: Final = re.compile(rf"\b(?:{'|'.join(map(re.escape, _PREFIXES))})[\w.-]{{8,}}")
_EMAIL: Final = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_LOGIN: Final = re.compile(r"://[^\s/@]{1,200}@")
_CARD: Final = re.compile(r"\d{4}(?:([ -]?)\d{4}\1\d{4}\1\d{1,7}|([ -]?)\d{6}\2\d{5})(?![\w.-])")
_OPAQUE: Final = re.compile(rf"(?<![\w+])[\w+]{{{_LONG_WORD},}}={{0,2}}")
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]+-----[\s\S]*")
_MASK: Final = re.compile(r"<(?:secret|email|card)>")
_VARIABLE: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<![A-Za-z0-9])(?:0x)?(?=[a-f]*[0-9])[0-9a-fA-F]{8,}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])[-+]?\d[\d.,:TZ_/+-]*(?:[a-zµ]{1,3}(?![A-Za-z0-9])|%)?"
)
_TRACEBACK: Final = "Traceback (most recent call last)"


def statement(text: str) -> str:
    r"""Return the one line of a log record that says what happened.

    The first that holds anything; of a Python traceback the last, which names the exception.

    Examples:
        >>> statement("\n  payment failed \n  at Pay.charge(Pay.java:12)")
        'payment failed'
        >>> statement("Traceback (most recent call last):\n  File ...\nValueError: no card")
        'ValueError: no card'
    """
    if "\n" not in text:
        return text.strip()
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1 if lines[0].startswith(_TRACEBACK) else 0].strip()


def redact(text: str) -> str:
    """Return a line with its secrets masked, at most `LONGEST` characters, all printable.

    Passwords, tokens, keys, e-mail addresses and card numbers; the words around them stay.

    Examples:
        >>> redact("login of ada@example.com failed, password=hunter2, retry 3")
        'login of <email> failed, password=<secret>, retry 3'
        >>> redact("Authorization: Bearer abc.def-123 refused")
        'Authorization: <secret> refused'
    """
    masked = text[:_READ]
    if "-----BEGIN" in masked:
        masked = _PEM.sub("<secret>", masked)
    if "@" in masked:
        masked = _EMAIL.sub("<email>", _LOGIN.sub("://<secret>@", masked))
    lower = masked.lower()
    if any(hint in lower for hint in _HINTS):
        masked = _NAMED.sub(_named, masked)
    if any(prefix in masked for prefix in _PREFIXES):
        masked = _TOKEN.sub("<secret>", masked)
    if len(max(masked.split(), key=len, default="")) >= _LONG_WORD:
        masked = _OPAQUE.sub(_opaque, masked)
    masked = _CARD.sub(_card, masked)
    if not masked.isprintable():
        masked = "".join(char if char.isprintable() else " " for char in masked)
    return masked if len(masked) <= LONGEST else masked[: LONGEST - 1] + "…"


def generalise(redacted: str) -> str:
    """Return a redacted line with numbers, ids, addresses and times as `<*>`.

    Examples:
        >>> generalise("order 4711 took 12.5ms at 10.0.0.1:80")
        'order <*> took <*> at <*>'
    """
    words = redacted.split()
    for place, word in enumerate(words):
        if not word.isalpha():
            words[place] = _VARIABLE.sub(PARAMETER, _MASK.sub(PARAMETER, word))
    return " ".join(words)


def _named(match: re.Match[str]) -> str:
    return f"{match[1] or match[2]}<secret>"


def _opaque(match: re.Match[str]) -> str:
    word = match[0]
    is_mixed = word != word.lower() and word != word.upper() and any(map(str.isdigit, word))
    return "<secret>" if is_mixed else word


def _card(match: re.Match[str]) -> str:
    """Mask a card number, told from other long numbers by its check digit (Luhn)."""
    digits = [int(char) for char in reversed(match[0]) if char.isdecimal()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return match[0] if (sum(digits[::2]) + sum(doubled)) % 10 else "<card>"
