"""The certificate our web server shows, where it speaks TLS itself."""

import ssl
from pathlib import Path

from aiops.domain.errors import AdapterError
from aiops.settings import WebSettings


def require_certificate(web: WebSettings) -> str:
    """Look whether the certificate and its key can be used; return what there is, in words.

    Raises:
        AdapterError: they cannot be read, or do not belong together.
    """
    if web.certificate is None or web.key is None:
        return "no TLS of our own"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(web.certificate, web.key, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        raise AdapterError(
            f"web: {web.certificate} and {web.key} cannot be used ({error}); expected a certificate"
            " in PEM and its key without a password"
        ) from error
    return f"TLS with {web.certificate}"


def only(certificate: Path) -> ssl.SSLContext:
    """Return what trusts one server on this machine, by its certificate and no name.

    Raises:
        AdapterError: the certificate cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise AdapterError(f"{certificate} cannot be read ({error})") from error
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _no_password() -> str:
    """Answer for a key that asks for one: else OpenSSL would ask at the terminal."""
    return ""
