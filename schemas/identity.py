"""Whose signatures an election rests on: the keys of the commission's root, and the roles that must sign.

It is part of the definition, and so of its hash: whoever has the definition needs to be told no key.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.authority import WATCHING
from schemas.control_events import MAX_ROOTS
from schemas.events import KeyId, Role
from schemas.language import ValueExplained

SUBMITTING: Final = tuple(role for role in Role if role not in WATCHING)
"""Roles that submit what is counted."""


class Identity(BaseModel):
    """`threshold` of the keys `roots` sign what concerns the whole election. An event whose role is one of
    `signed_roles`, or that states no role, needs the signature of an enrolled key; others may be unsigned,
    and a signature that they have is verified. None in `signed_roles`: nobody has to sign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roots: Annotated[tuple[KeyId, ...], Field(min_length=1, max_length=MAX_ROOTS)]
    threshold: Annotated[int, Field(ge=1, strict=True)]
    signed_roles: tuple[Role, ...] = ()

    @field_validator("roots")
    @classmethod
    def _are_sound_and_different(cls, roots: tuple[str, ...]) -> tuple[str, ...]:
        from schemas.signing import is_sound  # libsodium is loaded where there are keys

        for number, key in enumerate(roots):
            if key in roots[:number]:
                raise ValueExplained(
                    id=f"kunci {key} ada dua kali; sisakan satu", en=f"the key {key} stands twice; keep one"
                )
            if not is_sound(key):
                raise ValueExplained(
                    id=f"{key} bukan kunci publik Ed25519 yang dapat dipakai; buat dengan rekap keys "
                    "generate",
                    en=f"{key} is no public key of Ed25519 that can be used; make one with rekap "
                    "keys generate",
                )
        return roots

    @field_validator("signed_roles")
    @classmethod
    def _submit(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        if watching := next((role for role in roles if role in WATCHING), None):
            raise ValueExplained(
                id=f"{watching} mengawasi dan tidak mengirim hasil; hapus dari signed_roles",
                en=f"{watching} watches and submits no count; take it out of signed_roles",
            )
        return roles

    @model_validator(mode="after")
    def _can_be_met(self) -> Identity:
        if self.threshold > len(self.roots):
            raise ValueExplained(
                id=f"threshold {self.threshold} tidak dapat dicapai dengan {len(self.roots)} kunci",
                en=f"a threshold of {self.threshold} can't be met by {len(self.roots)} keys",
            )
        return self
