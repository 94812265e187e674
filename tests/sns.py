"""Messages of Amazon SNS, signed with a key of our own."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from aiops.domain.errors import InputError
from aiops.ingest import sns

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE_URL = f"{HOST}/SimpleNotificationService-01d088a6f77103d0fe307c0069e40ed6.pem"
BEGIN = datetime(2001, 1, 1, tzinfo=UTC)


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """Return a key of that name; another name is another key."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(private: rsa.RSAPrivateKey, begin: datetime = BEGIN, days: int = 36_500) -> bytes:
    """Return a certificate of a key, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


CERTIFICATE = certificate(key("sns"))


def signature(document: dict[str, Any], by: str = "sns") -> str:
    """Return how SNS signs a message, by its SignatureVersion."""
    version = document.get("SignatureVersion")
    digest = (hashes.SHA1 if version == "1" else hashes.SHA256)()
    envelope = sns.Envelope(parts={n: v for n, v in document.items() if isinstance(v, str)})
    return b64encode(key(by).sign(envelope.signed, PKCS1v15(), digest)).decode()


def signed(document: Any, by: str = "sns") -> Any:
    """Return a message with its signature, as far as it is one that can be signed."""
    if not isinstance(document, dict):
        return document
    unsigned = {name: value for name, value in document.items() if name != "Signature"}
    try:
        return unsigned | {"Signature": signature(unsigned, by)}
    except (KeyError, InputError, UnicodeEncodeError):
        return document
