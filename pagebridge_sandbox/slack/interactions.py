"""Sends the acts of people to the app as envelopes, with their results."""

from dataclasses import dataclass, field

from pagebridge_sandbox.slack.deliveries import EnvelopeType
from pagebridge_sandbox.slack.envelopes import DeliveryFailure, Envelope, EnvelopeSender
from pagebridge_sandbox.slack.interactive import Clickable, ConfirmDialog
from pagebridge_sandbox.slack.response_urls import ResponseUrls
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.users import User
from pagebridge_sandbox.slack.workspace import Workspace


@dataclass(frozen=True)
class Interaction:
    """
    The result of a click, a command, a shortcut or a submission.

    Nothing has been sent while `dialog` is what the person looks at (`envelope` is then None).
    """

    user_id: str
    response_url: str = ""
    envelope: Envelope | None = field(default=None, repr=False)
    dialog: ConfirmDialog | None = None

    @property
    def acked(self) -> bool:
        """Whether the app has taken it in time."""
        return self.envelope is not None and self.envelope.acked

    @property
    def failure(self) -> DeliveryFailure | None:
        """The error that the person sees: None, `dispatch_failed`, `operation_timeout`, or that of an HTTP answer."""
        return self.envelope.failure if self.envelope else None

    @property
    def envelope_id(self) -> str:
        """The id of the envelope, empty when nothing was sent."""
        return self.envelope.id if self.envelope else ""

    @property
    def payload(self) -> Json:
        """The payload that was sent to the app."""
        return self.envelope.payload if self.envelope else {}


@dataclass(frozen=True)
class Session:
    """A person's Slack: who it is, what they look at, and how it reaches the app."""

    user: User
    workspace: Workspace
    envelopes: EnvelopeSender
    response_urls: ResponseUrls

    async def send(
        self, payload: Json, url: str = "", *, kind: EnvelopeType = "interactive", accepts_response: bool = True
    ) -> Interaction:
        """Send an act of this person to the app. Raises `AssertionError` when they cannot do anything of that kind."""
        if self.user.deleted:
            raise AssertionError(f"{self.user.name} is deactivated and cannot use Slack")
        if kind == "interactive" and not self.workspace.interactive:
            raise AssertionError("this app is not configured to handle interactive responses")
        envelope = await self.envelopes.send(kind, payload, accepts_response=accepts_response)
        return Interaction(self.user.id, url, envelope)


def confirming_label(found: Clickable, *, confirmed: bool) -> str | None:
    """Return the label to press on the dialog before an action, None while it is not confirmed or there is none."""
    return found.dialog.labels[0] if confirmed and found.dialog else None


def unconfirmed_dialog(found: Clickable, confirm: str | None) -> ConfirmDialog | None:
    """Return the dialog that stays, because its confirming label was not pressed. Raises `AssertionError`."""
    dialog = found.dialog
    if dialog is None:
        return None
    if confirm is not None and confirm not in dialog.labels:
        raise AssertionError(f"the dialog has no {confirm!r}, only {list(dialog.labels)}")
    return None if confirm == dialog.labels[0] else dialog
