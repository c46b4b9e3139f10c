"""The wire types of sign-in."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from server.identity.admission import Profile
from server.identity.models import Role
from server.identity.passwords import MAX_CHARACTERS


class SignIn(BaseModel):
    """What somebody shows who wants in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    login: str = Field(min_length=1, max_length=MAX_CHARACTERS)
    password: SecretStr = Field(min_length=1, max_length=MAX_CHARACTERS)


class InstitutionOut(BaseModel):
    """An institution as others show it."""

    id: str
    name_zh: str
    name_en: str


class PersonOut(BaseModel):
    """The person who is signed in."""

    id: str
    login: str
    display_name: str
    roles: list[Role]
    institution: InstitutionOut


class SessionOut(BaseModel):
    """An open session; ``csrf_token`` belongs into the X-CSRF-Token header of unsafe requests."""

    person: PersonOut
    csrf_token: str | None


def session_out(profile: Profile, csrf_token: str | None) -> SessionOut:
    """Return the wire form of a session."""
    institution = profile.institution
    return SessionOut(
        person=PersonOut(
            id=profile.id,
            login=profile.login,
            display_name=profile.display_name,
            roles=sorted(profile.roles),
            institution=InstitutionOut(
                id=institution.id, name_zh=institution.name_zh, name_en=institution.name_en
            ),
        ),
        csrf_token=csrf_token,
    )
