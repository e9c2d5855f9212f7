// The service worker: it keeps the page and its program, so that a reload needs no network. Models are kept by model.js.
//
// A version is a list of files with their digests. A new one is fetched whole, and each file must have its digest: while a host is being
// updated nothing changes, and a later visit tries again. Pages that are opened from then on get the new version. Those that are open
// keep theirs, their workers too, so that none gets files of two: which version a page has is kept in a cache of its own, because a
// browser ends service workers as it likes.

// Filled in by whoever serves or writes the page: [path, SHA-256] of each file.
const site = {version: '', files: []};

const prefix = 'drdc-page-', own = prefix + site.version;
const young = 60_000; // milliseconds for which a page may not be known to the browser yet

const hex = bytes => Array.from(new Uint8Array(bytes), b => b.toString(16).padStart(2, '0')).join('');

async function keep(cache, [file, digest]) {
  const response = await fetch(file, {cache: 'no-cache'});
  if (!response.ok) throw new Error(`${file}: the server answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  if (hex(await crypto.subtle.digest('SHA-256', bytes)) !== digest) throw new Error(`${file}: not that of this version`);
  await cache.put(file, new Response(bytes, {headers: {'Content-Type': response.headers.get('Content-Type') ?? ''}}));
}

// pins says which version a client has, by its id; seen is what is known of that already.
const seen = new Map();
const pins = () => caches.open('drdc-pins');
const keyOf = id => new URL(`pin/${id}`, registration.scope).href;

async function pin(id, version) {
  seen.set(id, version);
  await (await pins()).put(keyOf(id), new Response(version, {headers: {Date: new Date().toUTCString()}}));
}

async function versionOf(id) {
  if (!seen.has(id)) seen.set(id, await (await (await pins()).match(keyOf(id)))?.text() ?? own);
  return seen.get(id);
}

// tidy drops the versions that no page has.
async function tidy() {
  const kept = await pins(), used = new Set([own]);
  for (const request of await kept.keys()) {
    const response = await kept.match(request), id = request.url.split('/').pop();
    if (!response) continue;
    if (Date.now() - Date.parse(response.headers.get('Date')) < young || await clients.get(id)) used.add(await response.text());
    else await kept.delete(request);
  }
  for (const name of await caches.keys()) {
    if (name.startsWith(prefix) && !used.has(name)) await caches.delete(name);
  }
}

addEventListener('install', event => event.waitUntil((async () => {
  const cache = await caches.open(own);
  try {
    await Promise.all(site.files.map(f => keep(cache, f)));
  } catch (e) {
    await caches.delete(own);
    throw e;
  }
  await skipWaiting();
})()));

addEventListener('activate', event => event.waitUntil((async () => {
  // The page that brought the first version has it.
  if (!(await caches.keys()).some(name => name.startsWith(prefix) && name !== own)) {
    for (const c of await clients.matchAll({includeUncontrolled: true, type: 'all'})) await pin(c.id, own);
  }
  await clients.claim();
  await tidy();
})()));

addEventListener('fetch', event => {
  const {request, clientId, resultingClientId} = event, url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(registration.scope) || url.pathname.endsWith('.drdc')) return;
  event.respondWith((async () => {
    const version = request.mode === 'navigate' ? own : await versionOf(clientId);
    if (resultingClientId) await pin(resultingClientId, version); // a page, or a worker of one
    return await (await caches.open(version)).match(url.pathname) ?? fetch(request);
  })());
  if (request.mode === 'navigate') event.waitUntil(tidy());
});
