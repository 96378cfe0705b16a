// A small app as anybody would write it. The simulator is the only thing that it knows of: three environment variables.
import bolt from "@slack/bolt";

const app = new bolt.App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL, retryConfig: { retries: 0 } },
});

const plain = (text) => ({ type: "plain_text", text });
const button = { type: "button", action_id: "acknowledge", text: plain("Acknowledge"), value: "Q1" };
const card = [{ type: "actions", block_id: "row", elements: [button] }];
const note = {
  type: "modal",
  callback_id: "note",
  title: plain("Note"),
  submit: plain("Save"),
  notify_on_close: true,
  blocks: [
    { type: "input", block_id: "note", label: plain("Note"), element: { type: "plain_text_input", action_id: "text" } },
  ],
};

app.command("/pd", async ({ ack, command, client }) => {
  await ack(`You said: ${command.text}`);
  await client.chat.postMessage({ channel: command.channel_id, text: "Triggered", blocks: card });
});

app.action("acknowledge", async ({ ack, body, client, respond }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: "Acknowledged", blocks: [] });
  await respond({ text: "On its way", replace_original: false });
});

app.shortcut("declare", async ({ ack, shortcut, client }) => {
  await ack();
  await client.views.open({ trigger_id: shortcut.trigger_id, view: note });
});

app.view("note", async ({ ack, view, client, body }) => {
  const text = view.state.values.note.text.value;
  if (text.length < 3) {
    await ack({ response_action: "errors", errors: { note: "Too short" } });
    return;
  }
  await ack();
  await client.chat.postMessage({ channel: "C0INCIDENTS", text: `${body.user.id}: ${text}` });
});

app.view({ callback_id: "note", type: "view_closed" }, async ({ ack, client }) => {
  await ack();
  await client.chat.postMessage({ channel: "C0INCIDENTS", text: "closed" });
});

app.event("app_mention", async ({ event, say }) => {
  await say({ text: `Hello <@${event.user}>`, thread_ts: event.ts });
});

await app.start();
console.log("ready");
