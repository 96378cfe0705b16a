"""The handler of each action that changes an existing incident. A new incident is opened by `trigger`."""

from collections.abc import Mapping

from bolt_app.write_path.actions.add_responders import AddResponders
from bolt_app.write_path.actions.base import ActionHandler
from bolt_app.write_path.actions.escalate import Escalate
from bolt_app.write_path.actions.merge import Merge
from bolt_app.write_path.actions.note import AddNote
from bolt_app.write_path.actions.open_channel import OpenChannel
from bolt_app.write_path.actions.priority import SetPriority
from bolt_app.write_path.actions.reassign import Reassign
from bolt_app.write_path.actions.snooze import Snooze
from bolt_app.write_path.actions.status import SetStatus
from bolt_app.write_path.actions.status_update import PublishStatusUpdate
from bolt_app.write_path.actions.still_on_it import StillOnIt
from shared.model.actions import Action
from shared.model.event_types import ACKNOWLEDGED, REOPENED, RESOLVED, UNACKNOWLEDGED

HANDLERS: Mapping[Action, ActionHandler] = {
    Action.ACKNOWLEDGE: SetStatus(ACKNOWLEDGED),
    Action.RESOLVE: SetStatus(RESOLVED),
    Action.REOPEN: SetStatus(REOPENED),
    Action.UNACKNOWLEDGE: SetStatus(UNACKNOWLEDGED),
    Action.MERGE: Merge(),
    Action.NOTE: AddNote(),
    Action.REASSIGN: Reassign(),
    Action.ESCALATE: Escalate(),
    Action.SNOOZE: Snooze(),
    Action.PRIORITY: SetPriority(),
    Action.ADD_RESPONDERS: AddResponders(),
    Action.STATUS_UPDATE: PublishStatusUpdate(),
    Action.STILL_ON_IT: StillOnIt(),
    Action.OPEN_CHANNEL: OpenChannel(),
}
