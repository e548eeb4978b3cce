// A small app on Slack's Node SDK. A person is led through it, over Socket Mode or over HTTP; see tests/workspace.
// It prints one line of JSON when it is ready and ends on SIGTERM.

import { App, LogLevel } from '@slack/bolt';

const { SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET } = process.env;
const overHttp = Boolean(SLACK_SIGNING_SECRET);

const app = new App({
  token: SLACK_BOT_TOKEN,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: SLACK_API_URL },
  ...(overHttp ? { signingSecret: SLACK_SIGNING_SECRET } : { socketMode: true, appToken: SLACK_APP_TOKEN }),
});

const plain = (text) => ({ type: 'plain_text', text });
const mrkdwn = (text) => ({ type: 'mrkdwn', text });
const section = (text, more = {}) => ({ type: 'section', text: mrkdwn(text), ...more });
const input = (blockId, label, element, more = {}) => ({
  type: 'input',
  block_id: blockId,
  label: plain(label),
  element: { action_id: 'value', ...element },
  ...more,
});
const companies = ['青空商事', '青葉工業', '赤坂物産'];

const form = (name, blocks = []) => ({
  type: 'modal',
  callback_id: 'form',
  private_metadata: JSON.stringify({ from: 'command' }),
  title: plain('登録'),
  submit: plain('保存'),
  notify_on_close: true,
  blocks: [
    input('name', '名前', { type: 'plain_text_input', ...(name ? { initial_value: name } : {}) }),
    input('company', '会社', { type: 'external_select', action_id: 'company', min_query_length: 1 }),
    input('day', '日付', { type: 'datepicker' }, { optional: true }),
    { type: 'actions', block_id: 'more', elements: [{ type: 'button', action_id: 'detail', text: plain('詳細') }] },
    ...blocks,
  ],
});

app.command('/form', async ({ ack, body, client }) => {
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view: form(body.text) });
});

app.options('company', async ({ ack, payload }) => {
  const found = companies.filter((name) => name.includes(payload.value));
  await ack({ options: found.map((name) => ({ text: plain(name), value: name })) });
});

app.action('detail', async ({ ack, body, client }) => {
  await ack();
  const typed = body.view.state.values.name.value.value;
  await client.views.update({
    view_id: body.view.id,
    hash: body.view.hash,
    view: form('', [section(`詳細: ${typed}`)]),
  });
});

app.view('form', async ({ ack, body, client, view }) => {
  const { name, company, day } = view.state.values;
  if (name.value.value === '誤り') {
    await ack({ response_action: 'errors', errors: { name: '名前が違います' } });
    return;
  }
  if (name.value.value === '次') {
    const next = { type: 'modal', title: plain('次'), close: plain('戻る'), blocks: [section('二枚目')] };
    await ack({ response_action: 'push', view: next });
    return;
  }
  await ack();
  const chosen = company.company.selected_option.value;
  await client.chat.postMessage({
    channel: JSON.parse(view.private_metadata).from === 'command' ? 'C01GENERAL' : body.user.id,
    text: `${name.value.value} (${chosen}, ${day.value.selected_date})`,
    metadata: { event_type: 'registered', event_payload: { company: chosen } },
    blocks: [
      section(`*${name.value.value}* (${chosen})`),
      { type: 'actions', elements: [{ type: 'button', action_id: 'approve', value: chosen, text: plain('承認') }] },
    ],
  });
});

app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, body, client }) => {
  await ack();
  await client.chat.postEphemeral({ channel: 'C01GENERAL', user: body.user.id, text: 'またどうぞ' });
});

app.action('approve', async ({ ack, action, body, client, respond }) => {
  await ack();
  await respond({ replace_original: true, text: `承認済み: ${action.value}` });
  await client.filesUploadV2({
    channel_id: body.channel.id,
    thread_ts: body.message.ts,
    filename: '記録.csv',
    content: '会社\n青空商事\n',
    initial_comment: '記録です',
  });
});

app.command('/history', async ({ ack, body, client }) => {
  const texts = [];
  let pages = 0;
  for await (const page of client.paginate('conversations.history', { channel: body.channel_id, limit: 2 })) {
    pages += 1;
    texts.push(...page.messages.map((message) => message.text));
  }
  await ack({ text: [`${pages}:`, ...texts].join(' ') });
});

app.command('/broken', async ({ ack, client, body }) => {
  try {
    await client.chat.postMessage({ channel: body.channel_id, text: 'x', blocks: Array(51).fill({ type: 'divider' }) });
    await ack('posted');
  } catch (error) {
    await ack(`${error.data.error}: ${error.data.response_metadata.messages[0]}`);
  }
});

app.event('app_mention', async ({ event, say }) => {
  await say({ text: `<@${event.user}> はい`, thread_ts: event.ts });
});

app.event('app_home_opened', async ({ client, event }) => {
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [section('ようこそ')] } });
});

app.shortcut('everywhere', async ({ ack, client, shortcut }) => {
  await ack();
  await client.views.open({ trigger_id: shortcut.trigger_id, view: form('近道') });
});

app.event('reaction_added', async ({ client, event }) => {
  await client.reactions.add({ channel: event.item.channel, timestamp: event.item.ts, name: 'white_check_mark' });
});

const server = await app.start(overHttp ? { port: 0, host: '127.0.0.1' } : undefined);
process.on('SIGTERM', async () => {
  await app.stop();
  process.exit(0);
});
console.log(JSON.stringify({ ready: true, port: overHttp ? server.address().port : null }));
