/* The commands that are suggested, as `make words` writes them. */

export const COMMANDS = [
  { text: "/pd ack ", usage: "/pd ack [number]", note: "Acknowledge an incident" },
  { text: "/pd ack mine ", usage: "/pd ack mine", note: "List your unacknowledged incidents and acknowledge all of them" },
  { text: "/pd unack ", usage: "/pd unack [number]", note: "Undo an acknowledgement: escalation goes on" },
  { text: "/pd note ", usage: "/pd note [number] text", note: "Add a note" },
  { text: "/pd resolve ", usage: "/pd resolve [number] [note]", note: "Resolve an incident: a dialog asks what fixed it" },
  { text: "/pd reopen ", usage: "/pd reopen number", note: "Reopen a resolved incident: a dialog asks first" },
  { text: "/pd merge ", usage: "/pd merge [number]", note: "Merge an incident into another one: a dialog searches for that" },
  { text: "/pd escalate ", usage: "/pd escalate [number]", note: "Page the next escalation level: a dialog asks first" },
  { text: "/pd reassign ", usage: "/pd reassign [number] @user", note: "Reassign an incident to another person or to yourself" },
  { text: "/pd snooze ", usage: "/pd snooze [number]", note: "Snooze an acknowledged incident: a dialog asks for how long" },
  { text: "/pd priority ", usage: "/pd priority [number]", note: "Change the priority: a dialog offers them" },
  { text: "/pd responders ", usage: "/pd responders [number]", note: "Ask people for help: a dialog asks whom" },
  { text: "/pd status ", usage: "/pd status [number]", note: "Publish a status update: a dialog asks for it" },
  { text: "/pd trigger ", usage: "/pd trigger [title]", note: "Create an incident" },
  { text: "/pd list ", usage: "/pd list [mine|all]", note: "List open incidents: this channel's, yours, or all" },
  { text: "/pd show ", usage: "/pd show [number]", note: "Show an incident with its alerts, notes and activity" },
  { text: "/pd timeline ", usage: "/pd timeline [number]", note: "Write what happened to an incident as Markdown, for a report" },
  { text: "/pd oncall ", usage: "/pd oncall [service or policy]", note: "Show who is on call, level by level" },
  { text: "/pd whoami ", usage: "/pd whoami", note: "Show your linked PagerDuty user" },
  { text: "/pd help ", usage: "/pd help", note: "Show this help" },
];
