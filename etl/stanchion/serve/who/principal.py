"""The sender of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

# Functions trust a request without a principal. A person who is not a member gets a principal that does not exist.
STRANGER = UUID(int=0)


@dataclass(frozen=True)
class Principal:
    """A sender that was checked, and the tenant for which its transactions act."""

    how: Literal["token", "key", "anonymous"]
    tenant_id: UUID
    slug: str
    subject: str  # the principal of a token, the name of a key's digest, or "anonymous": limits and logs name it
    principal_id: UUID | None = None  # None for programs, which functions trust
    email: str | None = None
    scopes: frozenset[str] = frozenset()
    published: frozenset[str] = frozenset()  # relations that an anonymous sender may read
    key: str | None = field(default=None, repr=False)

    @property
    def may_write(self) -> bool:
        return "write" in self.scopes
