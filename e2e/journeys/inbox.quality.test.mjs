// The inbox as it has to be: the same after a reload, calm under hostile text, open to assistive technology, at ease with many rows.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser } from './support/browser.mjs';
import { Agent, barriers, hire, openVisitors, PHONE } from './support/inbox.mjs';
import { openParlor } from './support/parlor.mjs';
import { PAYLOADS } from './support/payloads.mjs';
import { png } from './support/pictures.mjs';

let parlor, browser, visitors, people;

before(async () => {
  [parlor, browser] = await Promise.all([openParlor(), openBrowser()]);
  await Promise.all([parlor.silenceAssistant(), parlor.welcomed()]);
  visitors = await openVisitors(parlor);
  people = [];
});
afterEach(async () => {
  await Promise.all(people.splice(0).map((person) => person.close()));
});
after(async () => {
  visitors?.close();
  await browser?.close();
  await parlor?.close();
});

async function agent(options) {
  const one = await Agent.at(browser, parlor, options);
  people.push(one);
  return one;
}

/** Chance that a failing test can name: the seed gives the same numbers again. */
function chance(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What the page shows of list and thread, without what depends on the moment or on who has looked first. */
function shown(page) {
  return page.evaluate(() => ({
    rows: [...document.querySelectorAll('a.row')].map((row) => row.innerText.replace(/\s+/g, ' ')),
    views: [...document.querySelectorAll('.views a')].map((view) => view.innerText.replace(/\s+/g, ' ')),
    head: document.querySelector('.thread-sub')?.innerText.replace(/\s+/g, ' '),
    entries: [...document.querySelectorAll('.entries > li:not(.divider.accent)')].map((entry) => entry.innerText.replace(/\s+/g, ' ')),
  }));
}

for (const [view, seed] of [
  ['all', 1],
  ['mine', 2],
  ['unassigned', 3],
]) {
  test(`listening equals reloading (${view}, seed ${seed})`, async () => {
    const random = chance(seed);
    const colleague = await hire(parlor, `Rando ${view}`);
    const { id: me } = await parlor.org('/api/me');
    const crowd = [];
    for (let i = 0; i < 6; i++) {
      const one = await visitors.comes(`${view} ${i}`);
      await one.writes(`Hello from ${i}`);
      crowd.push(one);
    }
    // The one that is open stays open: whoever listens looks at it, and so does whoever has just come.
    const [open] = crowd;
    const listener = await agent({ path: `/inbox/c/${open.id}?view=${view}` });
    await listener.said('Hello from 0').waitFor();
    const notes = [];
    let offline = false;
    for (let step = 0; step < 120; step++) {
      const one = crowd[random(crowd.length)];
      const by = random(2) ? parlor : colleague;
      const at = `/api/conversations/${one.id}`;
      const ignore = (error) => {
        // What does not fit the present state is refused: the present state is chance.
        if (!/ (400|409) /.test(error.message)) throw error;
      };
      const what = random(13);
      if (what < 3) await one.writes(`Message ${step}`);
      else if (what === 3) await by.org(`${at}/messages`, { content: `Reply ${step}` }).catch(ignore);
      else if (what === 4) await by.org(`${at}/assign`, { agent_id: [me, colleague.id, null][random(3)] }).catch(ignore);
      else if (what === 5) await by.org(`${at}/resolve`, {}).catch(ignore);
      else if (what === 6) await by.org(`${at}/reopen`, {}).catch(ignore);
      else if (what === 7) await by.org(`${at}/tags`, { tags: ['a', 'b', 'c'].slice(random(3)) }).catch(ignore);
      else if (what === 8) await by.org(`${at}/snooze`, { until: new Date(Date.now() + 86_400_000).toISOString() }).catch(ignore);
      else if (what === 9) notes.push(await by.org(`${at}/notes`, { content: `Note ${step}` }));
      else if (what === 10 && notes.length) {
        const [note] = notes.splice(random(notes.length), 1);
        await parlor.org(`/api/conversations/${note.conversation_id}/notes/${note.id}`, undefined, 'DELETE');
      } else if (what === 11) await by.org(`${at}/seen`, { seq: 10_000 }).catch(ignore);
      else if (what === 12) {
        offline = !offline;
        await listener.context.setOffline(offline);
      }
    }
    if (offline) await listener.context.setOffline(false);
    await listener.ready();
    const last = `The end of ${view}`;
    await open.writes(last);
    await listener.said(last).waitFor();
    const fresh = await agent({ path: `/inbox/c/${open.id}?view=${view}` });
    await fresh.said(last).waitFor();
    // What is on its way arrives; what is wrong stays wrong.
    let seen;
    for (let tries = 0; tries < 40; tries++) {
      seen = [await shown(listener.page), await shown(fresh.page)];
      if (JSON.stringify(seen[0]) === JSON.stringify(seen[1])) break;
      await listener.page.waitForTimeout(250);
    }
    assert.deepEqual(seen[0], seen[1]);
    assert.ok(seen[0].entries.length > 5);
  });
}

/** The beginning of a text, without half a character at its end. */
const cut = (text, most) => [...text].slice(0, most).join('');

test('three hundred hostile texts in every field that a stranger fills are text', async () => {
  const { channelToken } = await parlor.channel();
  const widget = (path, body) =>
    fetch(`${parlor.url}/api/v1/widget/chat/${channelToken}/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const anna = await agent();
  // Names, one conversation each.
  for (const payload of PAYLOADS) {
    const one = await visitors.comes(cut(payload, 100));
    await one.writes(payload);
  }
  // Messages, file names, labels and page titles in one.
  const one = await visitors.comes('Mallory');
  const sessionId = `mallory-${Date.now()}`;
  for (const payload of PAYLOADS) await one.writes(payload);
  for (let at = 0; at < PAYLOADS.length; at += 50) {
    const some = PAYLOADS.slice(at, at + 50);
    const labels = some.map((payload) => ({ label: cut(payload, 200), value: cut(payload, 200) }));
    await one.writes(some[0], { content_type: 'quick_button', rich_media: { buttons: labels } });
    await one.writes(some[1], { content_type: 'dropdown', rich_media: { placeholder: cut(some[2], 200), options: labels } });
    await one.writes(some[3], { content_type: 'carousel', rich_media: { cards: labels.map(({ label }) => ({ title: label, subtitle: label, image_url: 'https://evil.example/x.png' })) } });
  }
  for (const payload of PAYLOADS.slice(0, 60)) {
    await one.writes('', { content_type: 'image', rich_media: { url: 'https://evil.example/x.png', alt: cut(payload, 200) } });
    await one.writes('', { content_type: 'file', rich_media: { url: `https://evil.example/${encodeURIComponent(payload)}`, filename: cut(payload.replace(/[\u202a-\u202e\u2066-\u2069]/g, ''), 200), size: 1, mime_type: 'text/html' } });
  }
  await widget('messages', { sessionId, text: 'I look around', contactDisplayName: 'Pagan' });
  for (const payload of PAYLOADS.slice(0, 25)) await widget('pages', { sessionId, url: `https://shop.example/?${encodeURIComponent(payload)}`, title: cut(payload, 200) });
  for (const payload of PAYLOADS) {
    const form = new FormData();
    form.append('conversation_id', one.id);
    form.append('external_id', one.external_id);
    form.append('file', new Blob([png(2, 2)]), cut(payload, 90));
    const sent = await fetch(`${parlor.url}/chat-widget/uploads`, { method: 'POST', body: form });
    assert.equal(sent.status, 201, payload);
    const { message } = await one.writes('', { content_type: 'file', rich_media: { upload_id: (await sent.json()).id } });
    assert.ok(message, payload);
  }

  // Through all of the list, which keeps few of its rows in the page.
  const box = anna.page.locator('.rows');
  const names = new Set();
  for (let at = 0; names.size < PAYLOADS.length && at < 200; at++) {
    await box.evaluate((element, top) => element.scrollTo({ top }), at * 400);
    await anna.page.waitForTimeout(30);
    for (const name of await anna.page.locator('.row-name b').allTextContents()) if (/^\d+ /.test(name)) names.add(name);
    assert.ok((await anna.rows.count()) < 60);
  }
  assert.equal(names.size, PAYLOADS.length);
  // Through all of the thread.
  await anna.page.goto(`${parlor.url}/inbox/c/${one.id}`);
  await anna.page.getByRole('heading', { name: 'Mallory', level: 1 }).waitFor();
  for (let tries = 0; tries < 60 && (await anna.page.locator('.beginning').count()) === 0; tries++) {
    await anna.page.locator('.timeline-scroll').evaluate((element) => element.scrollTo({ top: -10_000_000 }));
    await anna.page.waitForTimeout(100);
  }
  const stored = [];
  for (let after = 0; ; ) {
    const { messages } = await parlor.org(`/api/inbox/conversations/${one.id}/timeline?after=${after}&limit=200`);
    if (!messages.length) break;
    stored.push(...messages);
    after = messages.at(-1).seq;
  }
  const texts = await anna.page.locator('.message .bubble > .text').allTextContents();
  const wanted = stored.filter(({ content_type }) => content_type === 'text').map(({ content }) => content);
  assert.equal(wanted.length, PAYLOADS.length);
  const there = new Set(texts);
  assert.deepEqual(wanted.filter((text) => !there.has(text)), []);
  const files = new Set(await anna.page.locator('.message .file bdi').allTextContents());
  const named = stored.filter(({ content_type }) => content_type === 'file').map(({ rich_media }) => rich_media.filename);
  assert.ok(named.length >= PAYLOADS.length);
  assert.deepEqual(named.filter((name) => !files.has(name)), []);
  // Its pages, with the panel.
  const { items } = await parlor.staff('conversations?search=Pagan');
  await anna.page.goto(`${parlor.url}/inbox/c/${items[0].id}`);
  await anna.panel.getByText('Pages visited').waitFor();
  assert.equal(await anna.panel.locator('.pages-visited li').count(), 20);
  // The names where they are names of something: title, menus, palette.
  for (const at of [0, 1, 26]) {
    await anna.page.goto(`${parlor.url}/inbox?search=${encodeURIComponent(PAYLOADS[at].slice(0, 20))}`);
    await anna.rows.first().click();
    await anna.page.getByRole('heading', { level: 1 }).waitFor();
    await anna.page.keyboard.press('Control+k');
    await anna.page.getByRole('combobox').fill('block');
    await anna.page.keyboard.press('Enter');
    await anna.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  }
  assert.equal(await anna.page.locator('iframe, object, embed, base, .entries script, .rows img').count(), 0);
  assert.deepEqual(anna.complaints, []);
});

for (const colorScheme of ['light', 'dark']) {
  for (const [device, options] of [
    ['desk', {}],
    ['phone', PHONE],
  ]) {
    test(`nothing stands in the way of assistive technology (${device}, ${colorScheme})`, async () => {
      const name = `Axel ${device} ${colorScheme}`;
      const one = await visitors.comes(name);
      await one.writes('Hello, see https://shop.example/plants');
      await parlor.org(`/api/conversations/${one.id}/messages`, { content: 'An answer' });
      await parlor.org(`/api/conversations/${one.id}/notes`, { content: 'A note' });
      await parlor.org(`/api/conversations/${one.id}/tags`, { tags: ['plants', 'care'] });
      const upload = await parlor.upload('leaf.png', png(40, 30));
      await parlor.org(`/api/conversations/${one.id}/messages`, { content: '', content_type: 'image', rich_media: { upload_id: upload.id, alt: 'A leaf' } });
      await parlor.org(`/api/conversations/${one.id}/messages`, { content: 'Choose', content_type: 'quick_button', rich_media: { buttons: [{ label: 'Yes', value: 'yes' }] } });
      const anna = await agent({ ...options, colorScheme });
      const { page } = anna;
      const check = async (what) => {
        assert.deepEqual(await barriers(page), [], what);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${what} is wider than the window`);
      };
      await check('list');
      await anna.row(name).click();
      await anna.said('A note').waitFor();
      await anna.log.locator('img').waitFor();
      await check('thread');
      for (const [button, role] of [
        [/Assigned to Nobody. Change$/, 'menu'],
        [/^Snooze$/, 'menu'],
        [/^More$/, 'menu'],
        [/^Emoji$/, 'dialog'],
        [/^Add tag$/, 'dialog'],
      ]) {
        await page.getByRole('button', { name: button }).click();
        await page.locator(`.popover[role=${role}]`).waitFor();
        await check(String(button));
        await page.keyboard.press('Escape');
        await page.locator('.popover').waitFor({ state: 'detached' });
      }
      await page.getByText('Private note', { exact: true }).first().click();
      await anna.text.fill('@');
      await check('note');
      await anna.text.fill('');
      if (device === 'phone') await page.locator('.thread-who').click();
      await anna.panel.waitFor();
      await check('panel');
      await anna.panel.getByRole('button', { name: 'Edit contact' }).click();
      await page.getByRole('dialog', { name: 'Edit contact' }).waitFor();
      await check('contact');
      await page.keyboard.press('Escape');
      await anna.panel.getByRole('button', { name: 'Block' }).click();
      await page.getByRole('dialog', { name: `Block ${name}?` }).waitFor();
      await check('question');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('a');
      await check('palette');
      await page.keyboard.press('Escape');
      await page.goto(`${parlor.url}/inbox?search=nothingofthekind`);
      await page.getByText('Nothing found').waitFor();
      await page.getByRole('button', { name: /^Filters/ }).click();
      await page.locator('.popover.list-filters').waitFor();
      await check('nothing found, filters');
      await page.goto(`${parlor.url}/inbox/c/00000000-0000-0000-0000-000000000000`);
      await page.getByText('There is no such conversation.').waitFor();
      await check('no conversation');
      await page.goto(`${parlor.url}/inbox/nowhere`);
      await page.getByText('There is no such page.').waitFor();
      await check('no page');
      assert.deepEqual(anna.complaints, []);
    });
  }
}

test('a screen reader finds list, thread and composer by their names', async () => {
  const one = await visitors.comes('Aria Snapshot');
  await one.writes('Do you hear me?');
  await parlor.org(`/api/conversations/${one.id}/messages`, { content: 'I do.' });
  await parlor.org(`/api/conversations/${one.id}/notes`, { content: 'She hears.' });
  const anna = await agent();
  await anna.row('Aria Snapshot').click();
  await anna.said('She hears.').waitFor();
  const list = await anna.list.ariaSnapshot();
  assert.match(list, /- region "Conversations":/);
  assert.match(list, /- searchbox "Search conversations"/);
  assert.match(list, /- navigation "Views":/);
  assert.match(list, /- link "Aria Snapshot .*I do\.[^"]*"/);
  const thread = await anna.thread.ariaSnapshot();
  assert.match(thread, /- heading "Aria Snapshot" \[level=1\]/);
  assert.match(thread, /- log "Conversation with Aria Snapshot":/);
  assert.match(thread, /- listitem "Aria Snapshot, [^"]+":\n[^]*Do you hear me\?/);
  assert.match(thread, /- listitem "Private note by [^"]+":\n[^]*She hears\./);
  assert.match(thread, /- form "Reply":/);
  assert.match(thread, /- textbox "Reply to Aria Snapshot"/);
  assert.match(thread, /- button "Resolve"/);
});

test('on a phone there is one thing at a time, and a way back', async () => {
  const one = await visitors.comes('Phil Phone');
  await one.writes('I am on the way');
  const anna = await agent(PHONE);
  await anna.row('Phil Phone').tap();
  await anna.said('I am on the way').waitFor();
  assert.equal(await anna.list.isVisible(), false);
  await anna.write('Good');
  await anna.said('Good').waitFor();
  for (const control of await anna.page.locator('.thread-head button:visible, .composer-foot button:visible').all()) {
    const box = await control.boundingBox();
    assert.ok(box.height >= 44, `${await control.getAttribute('aria-label')} is ${box.height} high`);
  }
  await anna.page.getByRole('button', { name: 'Back to the conversations' }).tap();
  await anna.row('Phil Phone').waitFor();
  assert.equal(await anna.page.locator('nav.rail').isVisible(), true);
  await anna.page.goBack();
  await anna.page.getByRole('heading', { name: 'Phil Phone' }).waitFor();
  assert.deepEqual(anna.complaints, []);
});

test('in Arabic everything stands the other way round, and dates and numbers are its own', async () => {
  const one = await visitors.comes('سارة أحمد');
  await one.writes('مرحبا');
  const anna = await agent({ locale: 'ar-EG' });
  assert.equal(await anna.page.evaluate(() => document.documentElement.dir), 'rtl');
  await anna.page.getByRole('link', { name: /غير مُسندة/ }).click();
  const rail = await anna.page.locator('nav.rail').boundingBox();
  assert.ok(rail.x > 1000);
  await anna.page.locator('a.row', { hasText: 'سارة أحمد' }).click();
  await anna.page.locator('.composer textarea').waitFor();
  assert.deepEqual(await barriers(anna.page), []);
  assert.deepEqual(anna.complaints, []);
});

test('of many conversations all can be reached, and few are in the page', async () => {
  await parlor.fill('1500', '4500');
  const anna = await agent({ path: '/inbox?status=any' });
  const seen = new Set();
  const box = anna.page.locator('.rows');
  for (let at = 0; at < 400; at++) {
    const { ids, more } = await box.evaluate(async (element) => {
      const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      await drawn();
      const ids = [...element.querySelectorAll('a.row')].map((row) => row.dataset.id);
      element.scrollBy({ top: element.clientHeight / 2 });
      await drawn();
      return { ids, more: element.scrollTop + element.clientHeight < element.scrollHeight - 1 };
    });
    assert.ok(ids.length < 60, `${ids.length} rows in the page`);
    for (const id of ids) seen.add(id);
    if (!more && (await anna.rows.last().evaluate((row) => Number(row.parentElement.ariaSetSize) === Number(row.parentElement.ariaPosInSet)))) break;
  }
  const all = new Set();
  for (let after = ''; ; ) {
    const page = await parlor.org(`/api/inbox/conversations/?view=all&status=any&limit=100${after}`);
    for (const { id } of page) all.add(id);
    if (page.length < 100) break;
    after = `&after=${page.at(-1).id}`;
  }
  assert.ok(all.size >= 1500);
  assert.deepEqual([...all].filter((id) => !seen.has(id)), []);
  // Down there, what happens is still told.
  const name = 'At the top';
  const one = await visitors.comes(name);
  await one.writes('Hello');
  await box.evaluate((element) => element.scrollTo({ top: 0 }));
  await anna.row(name).waitFor();
  assert.deepEqual(anna.complaints, []);
});
