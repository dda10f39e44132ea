"""The sender of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
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

    @cached_property
    def shared(self) -> bytes:
        """Return what decides the rows that all such senders of a tenant see: they share the answers in memory."""
        rights = sorted(self.published) if self.how == "anonymous" else self.principal_id == STRANGER
        return repr((self.how, str(self.tenant_id), rights)).encode()

    @cached_property
    def personal(self) -> bytes:
        """Return everything that a policy or a function can see of the sender."""
        return self.shared + repr((self.subject, str(self.principal_id), self.email, self.key)).encode()

    @property
    def may_write(self) -> bool:
        return "write" in self.scopes
