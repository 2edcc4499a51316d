import hashlib

from problems.seeds import SealedSeed, commitment, draw_seed, verify


def test_the_commitment_is_the_documented_hash() -> None:
    text = b"baijing-seed-v1\n12345678901234567890\nabcd\n"

    assert commitment(12345678901234567890, "ABCD") == hashlib.sha256(text).hexdigest()


def test_a_drawn_seed_has_its_bits_and_keeps_its_promise() -> None:
    sealed = draw_seed()

    assert sealed.seed.bit_length() == 129
    assert len(bytes.fromhex(sealed.nonce)) == 32
    assert verify(sealed.seed, sealed.nonce, f" {sealed.commitment.upper()}\n")
    assert not verify(sealed.seed + 1, sealed.nonce, sealed.commitment)
    assert not verify(sealed.seed, "00" * 32, sealed.commitment)


def test_no_two_draws_are_alike() -> None:
    drawn = {draw_seed() for _ in range(50)}

    assert len({sealed.seed for sealed in drawn}) == 50
    assert len({sealed.nonce for sealed in drawn}) == 50


def test_a_seed_does_not_show_itself() -> None:
    sealed = SealedSeed(987654321, "ab" * 32)

    assert "987654321" not in f"{sealed!r} {sealed}"
    assert sealed.commitment in repr(sealed)
