import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from app.accounts import passwords
from app.accounts.errors import PasswordGuessableError, PasswordLengthError
from app.accounts.passwords import check_password, hash_password, is_outdated, verify_password


def test_a_password_matches_its_hash_and_no_other() -> None:
    stored = hash_password("correct horse")
    assert verify_password("correct horse", stored)
    assert not verify_password("correct hors", stored)


def test_the_hash_is_argon2id_with_a_salt() -> None:
    first, second = hash_password("correct horse"), hash_password("correct horse")
    assert first != second
    assert extract_parameters(first).type is Type.ID


def test_composed_and_decomposed_text_are_one_password() -> None:
    assert verify_password("cafe\u0301 au lait", hash_password("caf\u00e9 au lait"))


def test_without_a_hash_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            compared.append(stored)
            return PasswordHasher().verify(stored, password)

    real = hash_password("correct horse")
    decoy = passwords.decoy_hash()
    monkeypatch.setattr(passwords, "HASHER", Counting())
    assert not verify_password("anything at all", None)
    assert not verify_password("anything at all", real)
    assert extract_parameters(compared[0]) == extract_parameters(compared[1])
    assert compared == [decoy, real]


def test_even_the_decoys_password_opens_nothing() -> None:
    assert not verify_password("a hash that no account has", None)


def test_a_broken_hash_is_a_wrong_password() -> None:
    assert not verify_password("correct horse", "not a hash")


def test_a_hash_with_other_parameters_is_outdated() -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse")
    assert verify_password("correct horse", weaker)
    assert is_outdated(weaker)
    assert not is_outdated(hash_password("correct horse"))


@pytest.mark.parametrize("password", ["short", "x" * 9, "long enough" * 20])
def test_length_is_bounded(password: str) -> None:
    with pytest.raises(PasswordLengthError, match="10 to 128"):
        check_password(password, email="a@example.org", name="张伟")


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaa", "1212121212", "Someone@example.org", "zhang weiwei"]
)
def test_the_obvious_is_refused(password: str) -> None:
    with pytest.raises(PasswordGuessableError):
        check_password(password, email="someone@example.org", name="Zhang Weiwei")
