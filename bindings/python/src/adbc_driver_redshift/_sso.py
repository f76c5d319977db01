"""AWS SSO (IAM Identity Center) without a connection: what there is to sign in to, and the sign-in itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from ._options import DatabaseOptions, OptionValue

__all__ = ["SsoAccount", "SsoProfile", "sso_login", "sso_profiles"]


class SsoProfile(TypedDict, total=False):
    """A profile of `~/.aws/config` with `sso_*` settings; what the file does not say is `None`."""

    profile: str
    sso_session: str | None
    start_url: str | None
    sso_region: str | None
    region: str | None
    account_id: str | None
    role_name: str | None
    #: Why the profile cannot be used as it is.
    error: str


class SsoAccount(TypedDict):
    """An AWS account that is open to the person signed in."""

    account_id: str
    name: str | None
    email: str | None


def sso_profiles(db_kwargs: Mapping[str | DatabaseOptions, OptionValue] | None = None) -> list[SsoProfile]:
    """The profiles that can sign in by SSO, for a form to offer. Uses no network.

    Args:
        db_kwargs: Options of the database, for example `DatabaseOptions.AWS_CONFIG_FILE`.

    Raises:
        adbc_driver_manager.Error: the files cannot be read.

    Example:
        >>> import adbc_driver_redshift
        >>> names = [profile["profile"] for profile in adbc_driver_redshift.sso_profiles()]
    """
    profiles: list[SsoProfile] = _ask(DatabaseOptions.SSO_PROFILES, db_kwargs)
    return profiles


def sso_login(
    profile: str | None = None, db_kwargs: Mapping[str | DatabaseOptions, OptionValue] | None = None
) -> list[SsoAccount]:
    """Signs the person in, unless somebody is signed in already, and gives the accounts that are open to them.

    Connections made afterwards ask nobody, in this process and others: the sign-in is shared with the AWS CLI.

    Args:
        profile: Profile of `~/.aws/config` with `sso_*` settings. Without it, `db_kwargs` says where to sign in.
        db_kwargs: Options of the database, for example `DatabaseOptions.SSO_FLOW`.

    Raises:
        adbc_driver_manager.Error: nobody completed the sign-in, or it was refused.

    Example:
        >>> import adbc_driver_redshift
        >>> accounts = adbc_driver_redshift.sso_login("analytics")
    """
    options: dict[str | DatabaseOptions, OptionValue] = dict(db_kwargs or {})
    if profile is not None:
        options[DatabaseOptions.SSO_PROFILE] = profile
    accounts: list[SsoAccount] = _ask(DatabaseOptions.SSO_ACCOUNTS, options)
    return accounts


def _ask(option: DatabaseOptions, db_kwargs: Mapping[str | DatabaseOptions, OptionValue] | None) -> Any:
    # Here, because the package imports this module.
    import adbc_driver_redshift

    with adbc_driver_redshift.connect(db_kwargs=db_kwargs) as database:
        return json.loads(database.get_option(option.value))
