// The Node SDK without its Bolt: the Socket Mode client and the web client by themselves.
// It prints one line of JSON when it is ready and ends on SIGTERM.

import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import { WebClient } from '@slack/web-api';

const { SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN } = process.env;
const web = new WebClient(SLACK_BOT_TOKEN, { slackApiUrl: SLACK_API_URL });
const socket = new SocketModeClient({
  appToken: SLACK_APP_TOKEN,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: SLACK_API_URL },
});

socket.on('slash_commands', async ({ ack, body }) => {
  await ack({ text: `はい: ${body.text}` });
});

socket.on('message', async ({ ack, event }) => {
  await ack();
  if (event.bot_id) return;
  const posted = await web.chat.postMessage({
    channel: event.channel,
    text: `聞きました: ${event.text}`,
    blocks: [{ type: 'header', text: { type: 'plain_text', text: '聞きました' } }],
  });
  const { permalink } = await web.chat.getPermalink({ channel: posted.channel, message_ts: posted.ts });
  await web.chat.update({ channel: posted.channel, ts: posted.ts, text: `聞きました: ${event.text} ${permalink}` });
});

await socket.start();
const who = await web.auth.test();
process.on('SIGTERM', async () => {
  await socket.disconnect();
  process.exit(0);
});
console.log(JSON.stringify({ ready: true, bot: who.user_id }));
