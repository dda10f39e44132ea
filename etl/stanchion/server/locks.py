"""Retries for statements that wait for a table lock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from psycopg import errors

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """Wait for a lock for a short time, several times: other sessions queue behind a lock request that waits."""

    lock_timeout: float = 1.0  # seconds that one attempt waits for a lock
    tries: int = 5
    pause: float = 0.5  # mean pause after attempt n is n times this, in seconds

    @property
    def lock_timeout_setting(self) -> str:
        """Return the value for Postgres' setting lock_timeout."""
        return f"{self.lock_timeout * 1000:.0f}ms"


def retry_on_lock(policy: RetryPolicy, attempt: Callable[[], T]) -> T:
    """Call `attempt` until it gets its locks; raise its last lock timeout or deadlock after `policy.tries` calls.

    The caller sets lock_timeout, since only the caller knows whether the attempt has a transaction of its own.
    """
    for tried in range(1, policy.tries):
        try:
            return attempt()
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            time.sleep(random.uniform(0.5, 1.5) * policy.pause * tried)  # noqa: S311 - jitter, not a secret
    return attempt()
