#!/usr/bin/env node
// Plays a user with a browser, for $BROWSER: opens the address in real Chromium, fills in every form, presses its first
// submit button, and exits 0 when the browser reaches the loopback redirect URI (or a page without a form whose title
// has Keyfob in it), 1 otherwise.
//
//   browser.mjs ADDRESS
//   KEYFOB_BROWSER_SHOTS    folder for screenshots: 1-….png, 2-….png, landed.png or failed.png, and landed.json
//                           ({address, had_query, title, text}; the address without its query)
//   KEYFOB_BROWSER_ACT      yes (default), or no: press the button called Cancel, Deny, No or Abort
//   KEYFOB_BROWSER_CODE     the device code to enter
//   KEYFOB_BROWSER_SECS     patience (default 80: a cold Chromium on a busy machine)
//   CHROMIUM                the program (default /usr/bin/chromium, else the one tests/setup.sh has fetched)
//
// Chromium gets a new home and no session bus: it must neither read nor write the keychain under test.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const address = process.argv[2];
const shots = process.env.KEYFOB_BROWSER_SHOTS;
const act = process.env.KEYFOB_BROWSER_ACT ?? 'yes';
const deviceCode = process.env.KEYFOB_BROWSER_CODE;
const deadline = Date.now() + 1000 * (Number.parseFloat(process.env.KEYFOB_BROWSER_SECS ?? '') || 80);
const INSTALLED = '/usr/bin/chromium';
const NAME = 'keyfob-tester';
const PASSWORD = 'CANARY-browser-password';
const REFUSING = /^(cancel|deny|no|abort|refuse)\b/i;

function fail(message) {
  process.stderr.write(`browser.mjs: ${message}\n`);
  process.exitCode = 1;
}

const shot = async (page, name) => {
  if (shots) await page.screenshot({ path: path.join(shots, `${name}.png`) }).catch(() => {});
};

// Where the sign-in must end; known only from an address with a redirect_uri.
function redirectOf(text) {
  try {
    return new URL(new URL(text).searchParams.get('redirect_uri'));
  } catch {
    return null;
  }
}

// The page's form, read in one call: a page that is being replaced gives null.
const look = (page) => page.evaluate(() => ({
  title: document.title,
  text: document.body?.innerText ?? '',
  ready: document.readyState !== 'loading',
  form: document.querySelector('form button, form input[type=submit], form input[type=image]') !== null,
})).catch(() => null);

const isHome = (here, redirect) => redirect && here && here.host === redirect.host;

async function fillAndSubmit(page) {
  for (const field of await page.locator('input:visible').all()) {
    const type = ((await field.getAttribute('type')) ?? 'text').toLowerCase();
    if (type === 'password') await field.fill(PASSWORD);
    else if (deviceCode && (await field.getAttribute('name')) === 'user_code') await field.fill(deviceCode);
    else if (['text', 'email', 'tel', 'search'].includes(type) && !(await field.inputValue())) {
      await field.fill(type === 'email' ? `${NAME}@example.test` : NAME);
    }
  }
  const buttons = page.locator('button[type=submit]:visible, form button:not([type]):visible, input[type=submit]:visible, input[type=image]:visible');
  for (const button of await buttons.all()) {
    const words = ((await button.getAttribute('value')) ?? '') + ' ' + ((await button.textContent()) ?? '');
    const refuses = words.split(' ').some((word) => REFUSING.test(word));
    if (refuses === (act === 'no')) {
      await button.click({ noWaitAfter: true, timeout: 5000 });
      return true;
    }
  }
  return false;
}

async function signIn(page) {
  const redirect = redirectOf(address);
  await page.goto(address, { waitUntil: 'domcontentloaded' });
  let submitted = null;
  let step = 0;
  while (Date.now() < deadline) {
    const seen = await look(page);
    const here = URL.parse ? URL.parse(page.url()) : new URL(page.url());
    if (seen?.ready && !page.url().startsWith('chrome-error:')) {
      if (isHome(here, redirect) || (!redirect && !seen.form && /keyfob/i.test(seen.title))) {
        // A redirect followed by a static page: wait until it has loaded, then report the address.
        await page.waitForLoadState('load').catch(() => {});
        const end = new URL(page.url());
        const last = (await look(page)) ?? seen;
        await shot(page, 'landed');
        if (shots) {
          writeFileSync(path.join(shots, 'landed.json'), JSON.stringify({
            address: end.origin + end.pathname, had_query: end.search !== '', title: last.title, text: last.text,
          }));
        }
        return;
      }
      const form = `${page.url()} ${seen.title} ${seen.text.length}`;
      if (seen.form && form !== submitted) {
        step += 1;
        await shot(page, `${step}-${seen.title.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 40)}`);
        if (await fillAndSubmit(page).catch(() => false)) submitted = form;
      }
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  await shot(page, 'failed');
  const seen = await look(page);
  fail(`the sign-in did not come back to loopback; the last page was "${seen?.title}": ${(seen?.text ?? '').slice(0, 300)}`);
}

if (!/^https?:\/\//.test(address ?? '')) {
  fail('usage: browser.mjs http(s)-address');
} else {
  if (shots) mkdirSync(shots, { recursive: true });
  const home = mkdtempSync(path.join(tmpdir(), 'keyfob-browser-'));
  let context;
  try {
    process.env.PLAYWRIGHT_BROWSERS_PATH ??= '0';
    const { chromium } = await import('playwright-core');
    const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, XDG_DATA_HOME: home };
    env.DBUS_SESSION_BUS_ADDRESS = 'disabled:';
    context = await chromium.launchPersistentContext(path.join(home, 'profile'), {
      executablePath: process.env.CHROMIUM ?? (existsSync(INSTALLED) ? INSTALLED : undefined),
      headless: true,
      viewport: { width: 900, height: 640 },
      env,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--password-store=basic', '--no-proxy-server',
        '--disable-dev-shm-usage'],
    });
    await signIn(context.pages()[0] ?? (await context.newPage()));
  } catch (error) {
    fail(`${error.message}`.split('\n').slice(0, 4).join('\n'));
  } finally {
    await context?.close().catch(() => {});
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}
