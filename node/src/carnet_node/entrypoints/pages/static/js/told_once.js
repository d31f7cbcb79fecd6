// What a page says once, of what was just done, goes out of its address: the page that is loaded anew does not say it again.

for (const { dataset } of document.querySelectorAll("[data-told-once]")) {
  const address = new URL(location.href);
  address.searchParams.delete(dataset.toldOnce);
  history.replaceState(history.state, "", address);
}
