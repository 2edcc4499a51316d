"""Secrets at rest: authenticated encryption with a key derived from the platform's own."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Seal:
    """Seals short secrets for the database, so that a stolen dump reveals none."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"baijing-seal-v1").derive(
            secret_key.encode()
        )
        self._fernet = Fernet(urlsafe_b64encode(derived))

    @staticmethod
    def fingerprint(secret_key: str) -> str:
        """Return 16 hexadecimal digits that name a key and reveal nothing of it."""
        return (
            HKDF(hashes.SHA256(), 8, salt=None, info=b"baijing-installation-v1")
            .derive(secret_key.encode())
            .hex()
        )

    def seal(self, text: str) -> str:
        """Encrypt and authenticate."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt.

        Raises:
            cryptography.fernet.InvalidToken: sealed with another key, or altered.
        """
        return self._fernet.decrypt(sealed.encode()).decode()
