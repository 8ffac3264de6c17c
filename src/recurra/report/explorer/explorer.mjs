// The explorer of a cohort: one choice of networks that the table, the map and the figures share.
import { chosenIn, chosenWords, hashOf, inRange, numbersIn, ordered, paged, textOf, toggled } from "./selection.mjs";
import { emphasised, networkOf } from "./emphasis.mjs";
import { listenToKeys } from "./keys.mjs";

/** Starts the explorer if the page has one; `page` draws and erases figures. */
export const startExplorer = (page) => {
  const source = document.getElementById("explorer-data");
  if (!source) return null;
  const { numbers, names, colors, columns, picks, left } = JSON.parse(source.textContent);
  const at = new Map(numbers.map((number, place) => [number, place]));
  const table = document.querySelector("table.summary"), body = table.tBodies[0];
  const line = document.getElementById("chosen-line"), range = document.getElementById("choose-range");
  const rows = new Map(numbers.map((number) => [number, []]));
  document.querySelectorAll("[data-network]").forEach((row) => rows.get(Number(row.dataset.network))?.push(row));
  const boxes = new Map([...table.querySelectorAll("input[data-choose]")].map((box) => [Number(box.dataset.choose), box]));
  const chips = [...document.querySelectorAll("[data-members]")].map((chip) => [chip, [...numbersIn(chip.dataset.members, numbers)]]);
  const slots = [...document.querySelectorAll("[data-slot]")];
  const size = picks.length;
  let chosen = new Set(), current = 0, showKey = null;

  const partial = () => (chosen.size > 0 && chosen.size < numbers.length ? chosen : null);
  const listed = () => (chosen.size ? numbers.filter((number) => chosen.has(number)) : picks);

  // What stands in the sections of one network each: a slot for each network on the page.
  const inSlot = (slot, number) => {
    slot.hidden = number === undefined;
    if (slot.hidden && slot.dataset.of) slot.dataset.value = "";
    if (slot.dataset.shows === String(number ?? "")) return;
    slot.dataset.shows = number ?? "";
    if (slot.hidden) return;
    const place = at.get(number), dossier = document.getElementById(`network-${number}`);
    page.unfold(dossier);
    slot.querySelectorAll("[data-name]").forEach((name) => { name.textContent = names[place] + name.dataset.name; });
    slot.querySelectorAll(".dot").forEach((dot) => { dot.style.background = colors[place]; });
    slot.querySelectorAll("[data-left]").forEach((text) => { text.textContent = left[place]; });
    slot.querySelectorAll("[data-works]").forEach((text) => { text.textContent = dossier.querySelector("[data-sentences]").textContent; });
    const input = slot.querySelector("input[type=radio]");
    if (input) input.value = number;
    if (slot.dataset.of) {
      slot.dataset.value = number;
      slot.replaceChildren(...dossier.querySelector("[data-workings]").cloneNode(true).childNodes);
    }
    slot.querySelectorAll(".plot").forEach((plot) => {
      const keys = Object.entries(JSON.parse(plot.dataset.panels)).map(([value, key]) => [value, key.replace(/-\d+$/, `-${number}`)]);
      page.turn(plot, Object.fromEntries(keys));
    });
  };

  const fill = () => {
    const all = listed(), { page: own, pages, members } = paged(all, size, current);
    current = own;
    slots.forEach((slot) => inSlot(slot, members[Number(slot.dataset.slot)]));
    document.querySelectorAll(".switch:has([data-slot])").forEach((options) => {
      if (options.querySelector("[data-slot]:not([hidden]) input:checked")) return;
      const first = options.querySelector("[data-slot]:not([hidden]) input");
      if (first) first.checked = true;
    });
    document.querySelectorAll(".plot[data-numbered]").forEach((plot) => {
      page.turn(plot, Object.fromEntries(members.map((number) => [number, `${plot.dataset.numbered}-${number}`])));
    });
    page.choose();
    const words = pages > 1 ? `Networks ${own * size + 1} to ${own * size + members.length} of the ${all.length} chosen.`
      : chosen.size ? `${chosen.size} of ${numbers.length} networks chosen.` : chosenWords(0, numbers.length, all.length);
    document.querySelectorAll(".pager").forEach((pager) => {
      pager.querySelector("span").textContent = words;
      const [back, on] = pager.querySelectorAll("button");
      back.hidden = on.hidden = pages < 2;
      back.disabled = own === 0;
      on.disabled = own === pages - 1;
    });
  };

  const show = () => {
    const some = partial();
    document.body.classList.toggle("some-chosen", some !== null);
    document.body.classList.toggle("any-chosen", chosen.size > 0);
    for (const [number, own] of rows) for (const row of own) row.classList.toggle("chosen", chosen.has(number));
    for (const [number, box] of boxes) box.checked = chosen.has(number);
    for (const [chip, members] of chips) chip.setAttribute("aria-pressed", members.length > 0 && members.every((one) => chosen.has(one)));
    line.textContent = chosenWords(chosen.size, numbers.length, size);
    fill();
    page.redraw(["learning", "spectra", "census"]);
  };

  // A choice changes the address, so that the way back leads to the one before.
  const take = (next) => {
    if (textOf(next) === textOf(chosen)) return;
    chosen = next;
    current = 0;
    show();
    history.pushState(null, "", hashOf(chosen));
  };

  const read = () => {
    const next = chosenIn(location.hash, numbers);
    if (next === null || textOf(next) === textOf(chosen)) return;
    chosen = next;
    current = 0;
    show();
  };

  const sort = (header) => {
    const descending = header.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const own = header.querySelector("button").dataset.column;
    const order = ordered(own === "network" ? numbers : columns[own], descending);
    body.append(...order.map((place) => rows.get(numbers[place]).find((row) => row.parentElement === body)));
  };

  const choices = {
    all: () => take(new Set(numbers)),
    none: () => take(new Set()),
    range: (button) => {
      const [low, high] = ["low", "high"].map((name) => range.querySelector(`[name=${name}]`).valueAsNumber);
      const found = new Set(inRange(numbers, columns[range.querySelector("select").value], low, high));
      take(button.dataset.keep ? new Set([...chosen].filter((one) => found.has(one))) : found);
    },
    back: () => { current--; fill(); },
    on: () => { current++; fill(); },
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.members !== undefined) take(toggled(chosen, [...numbersIn(button.dataset.members, numbers)]));
    else if (button?.dataset.column) sort(button.closest("th"));
    else if (button?.dataset.act) choices[button.dataset.act](button);
    else if (!target.closest("a, input, label, button") && target.closest("tr")?.parentElement === body && !String(getSelection())) {
      take(toggled(chosen, [Number(target.closest("tr").dataset.network)]));
    }
  });
  document.addEventListener("change", ({ target }) => {
    if (target.dataset?.choose) take(toggled(chosen, [Number(target.dataset.choose)]));
    if (target.id === "only-chosen") document.body.classList.toggle("only-chosen", target.checked);
  });
  range?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) choices.range(range.querySelector("[data-act=range]"));
  });
  window.addEventListener("hashchange", read);
  window.addEventListener("popstate", read);

  return {
    start: () => { chosen = chosenIn(location.hash, numbers) ?? new Set(); show(); },
    figure: (key, figure) => emphasised(key, figure, partial()),
    // A click on the map turns a network over; a box or a lasso chooses those inside, a double click none.
    listen: (plot) => {
      const inside = ({ points } = {}) => (points ?? []).map((point) => networkOf(point.customdata)).filter((number) => at.has(number));
      plot.on("plotly_click", (event) => setTimeout(() => take(toggled(chosen, inside(event)))));
      plot.on("plotly_selected", (event) => {  // drawing the map again tells of a selection too, without its border
        if (event?.range || event?.lassoPoints) setTimeout(() => take(new Set(inside(event))));
      });
      plot.on("plotly_doubleclick", () => setTimeout(() => take(new Set())));
      showKey ??= listenToKeys(plot, {
        has: (number) => chosen.has(number),
        turn: (number) => take(toggled(chosen, [number])),
        none: () => take(new Set()),
      });
      plot.on("plotly_afterplot", showKey);
    },
  };
};
