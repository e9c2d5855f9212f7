// The service worker: it keeps the page and its program, so that a reload needs no network. Models are kept by model.js. A new version
// is fetched whole before it takes the place of the old one.

// Filled in by whoever serves or writes the page.
const site = {version: '', files: []};

const name = `drdc-page-${site.version}`;
const paths = new Map(site.files.map(f => [new URL(f, location.href).pathname, f]));

addEventListener('install', event => event.waitUntil((async () => {
  const cache = await caches.open(name);
  await cache.addAll(site.files.map(f => new Request(f, {cache: 'no-cache'})));
  await skipWaiting();
})()));

addEventListener('activate', event => event.waitUntil((async () => {
  for (const old of await caches.keys()) {
    if (old.startsWith('drdc-page-') && old !== name) await caches.delete(old);
  }
  await clients.claim();
})()));

addEventListener('fetch', event => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || !paths.has(url.pathname)) return;
  event.respondWith((async () => (await (await caches.open(name)).match(url.pathname)) ?? fetch(event.request))());
});
