/* The page's door to its server: the state as it changes, and what people do. */

/* Call `onChanges` with the whole state, then with what has changed, and `onLost` while there is no server. Returns what ends it. */
export function listen(onChanges, onLost) {
  const stream = new EventSource("/api/stream");
  stream.addEventListener("changes", (event) => onChanges(JSON.parse(event.data)));
  stream.onerror = onLost;
  return () => stream.close();
}

/* Do something; gives the answer. Throws an Error with the server's words when it was refused. */
export async function post(path, body) {
  const response = await fetch(`/api/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}

/* Read something. Throws as `post` does. */
export async function get(path) {
  return answerOf(await fetch(`/api/${path}`));
}

async function answerOf(response) {
  const text = await response.text();
  const json = response.headers.get("Content-Type")?.includes("json");
  const answer = json ? JSON.parse(text) : { text };
  if (!response.ok) throw new Error(answer.error || `The server answered ${response.status}.`);
  return answer;
}
