"""Whether a message was signed by Amazon SNS.

References:
    docs.aws.amazon.com/sns/latest/dg, "Verifying the signatures of Amazon SNS messages".
"""

from base64 import b64decode
from datetime import datetime

from aiops.ingest.sns import Envelope


def is_signed(envelope: Envelope, certificate: bytes, now: datetime) -> bool:
    """Return whether the key of a certificate signed a message.

    Version 1 signs with SHA-1 and version 2 with SHA-256, both by RSA with PKCS #1 v1.5.

    Args:
        envelope: the message.
        certificate: in PEM, from SNS itself: that is all that vouches for it.
        now: by the wall clock, aware UTC: it has to be valid then.
    """
    # heavy, and needed by few
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    digests = {"1": hashes.SHA1, "2": hashes.SHA256}
    digest = digests.get(envelope.parts["SignatureVersion"])
    try:
        found = load_pem_x509_certificate(certificate)
        signature = b64decode(envelope.parts["Signature"], validate=True)
        key = found.public_key()
        if digest is None or not isinstance(key, RSAPublicKey):
            return False
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            return False
        key.verify(signature, envelope.signed, PKCS1v15(), digest())
    except (ValueError, InvalidSignature):
        return False
    return True
