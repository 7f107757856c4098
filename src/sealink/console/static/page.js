// On every page: keys (`/`, `g` and a letter, `?`), and copying. Without it the pages work all the same.
const typing = (target) => target.closest("input, select, textarea, [contenteditable]");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source.textContent);
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 1500);
});

let goes = false;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (goes) {
    goes = false;
    const link = document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
  } else if (event.key === "g") {
    goes = true;
    setTimeout(() => { goes = false; }, 1500);
  } else if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  } else if (event.key === "?") {
    showKeys();
  }
});

function showKeys() {
  const dialog = document.createElement("dialog");
  const heading = document.createElement("h2");
  heading.textContent = "Keys";
  const list = document.createElement("ul");
  const lines = [["/", "search"], ["?", "this list"]];
  for (const link of document.querySelectorAll(".rail a[data-key]")) lines.push([`g ${link.dataset.key}`, link.textContent]);
  for (const [keys, what] of lines) {
    const item = document.createElement("li"), shown = document.createElement("kbd");
    shown.textContent = keys;
    item.append(shown, ` ${what}`);
    list.append(item);
  }
  const close = document.createElement("button");
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(heading, list, close);
  document.body.append(dialog);
  dialog.showModal();
}
