"""Amounts of money: which currencies there are, and how many decimals each has."""

from decimal import Decimal
from types import MappingProxyType
from typing import Final

_ALL: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP
BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP
GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS
KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYI UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_CODES: Final = frozenset(_ALL.split())

_WHOLE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS: Final = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS: Final = MappingProxyType(
    {**dict.fromkeys(_WHOLE.split(), 0), **dict.fromkeys(_THOUSANDTHS.split(), 3), "CLF": 4}
)
"""How many decimals a currency has where it is not two."""


def is_currency(code: str) -> bool:
    """Return whether a code is one of ISO 4217's.

    Examples:
        >>> is_currency("EUR"), is_currency("EURO"), is_currency("BTC")
        (True, False, False)
    """
    return code in _CODES


def from_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in units of a currency, told in its smallest: cents, but whole yen.

    Examples:
        >>> from_minor_units(Decimal(1999), "EUR"), from_minor_units(Decimal(1999), "JPY")
        (Decimal('19.99'), Decimal('1999'))
        >>> from_minor_units(Decimal(1999), "KWD")
        Decimal('1.999')

    References:
        ISO 4217, list one, "minor unit".
    """
    return amount.scaleb(-_DECIMALS.get(currency, 2))
