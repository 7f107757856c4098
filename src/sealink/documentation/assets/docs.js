// The documentation's search, the reader's key in the examples, and buttons that copy code.
// The key stays in this page: it is neither stored nor sent.

const PLACEHOLDER = "YOUR_SEALINK_KEY";
const MOST = 12;

const tools = document.getElementById("tools");
const search = document.getElementById("search");
const key = document.getElementById("key");
const found = document.getElementById("found");
const article = document.querySelector("article");

tools.hidden = false;
document.querySelector(".pages details").open = matchMedia("(min-width: 60rem)").matches; // a list above the text is in the way on a phone

// Your key

const places = [];
const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  if (walker.currentNode.data.includes(PLACEHOLDER)) places.push([walker.currentNode, walker.currentNode.data]);
}
key.parentElement.hidden = places.length === 0;
key.addEventListener("input", () => {
  for (const [node, text] of places) node.data = text.replaceAll(PLACEHOLDER, key.value.trim() || PLACEHOLDER);
});

// Copying

for (const block of document.querySelectorAll("pre.code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  const frame = document.createElement("div");
  frame.className = "copyable";
  block.replaceWith(frame);
  frame.append(block, button);
}

// Searching

let sections;

async function index() {
  sections ??= await (await fetch("/docs/search.json")).json();
  return sections;
}

function weight(section, words) {
  const title = section.title.toLowerCase();
  const text = section.text.toLowerCase();
  if (!words.every((word) => title.includes(word) || text.includes(word))) return 0;
  return words.reduce((sum, word) => sum + (title.includes(word) ? 10 : 0) + Math.min(text.split(word).length - 1, 5), 1);
}

function excerpt(text, word) {
  const at = Math.max(0, text.toLowerCase().indexOf(word) - 40);
  return (at ? "… " : "") + text.slice(at, at + 140) + (at + 140 < text.length ? " …" : "");
}

function entry(section, word) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = section.path;
  link.textContent = section.title;
  item.append(link, document.createElement("br"), excerpt(section.text, word));
  return item;
}

async function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.hidden = words.length === 0;
  article.hidden = !found.hidden;
  if (found.hidden) return;
  const weighed = (await index()).map((section) => [weight(section, words), section]).filter(([points]) => points);
  const best = weighed.sort((one, other) => other[0] - one[0]).slice(0, MOST);
  const list = document.createElement("ul");
  list.append(...best.map(([, section]) => entry(section, words[0])));
  const title = document.createElement("h1");
  title.textContent = best.length ? "Found" : "Nothing found";
  found.replaceChildren(title, list);
}

search.addEventListener("input", show);
found.addEventListener("click", (event) => {
  if (event.target.matches("a")) { search.value = ""; show(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input")) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && event.target === search) { search.value = ""; show(); }
});
