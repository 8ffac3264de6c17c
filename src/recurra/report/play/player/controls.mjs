// Elements of the page, and the controls that are made of them.

export const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
};

export const button = (label, key, action, attributes = {}) =>
  h(
    "button",
    { type: "button", title: key ? `key ${key}` : null, onclick: action, ...attributes },
    label,
    key ? h("kbd", { "aria-hidden": "true" }, key) : null,
  );

// A slider with its value in words, which screen readers hear too. `set` moves it without a call of `change`.
export const slider = ({ label, low, high, step, value, words, change }) => {
  const shown = h("output");
  const input = h("input", { type: "range", min: low, max: high, step, value });
  const show = () => {
    shown.textContent = words(Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    show();
    change(Number(input.value));
  });
  show();
  const set = (to) => {
    input.value = to;
    show();
  };
  const limit = (most) => {
    input.max = most;
    show();
  };
  return { element: h("label", { class: "slider" }, h("span", {}, label), input, shown), input, set, limit };
};

export const choice = ({ label, options, value, change }) => {
  const select = h(
    "select",
    { onchange: () => change(select.value) },
    ...options.map(([key, text]) => h("option", { value: key }, text)),
  );
  select.value = value;
  return { element: h("label", { class: "choice" }, h("span", {}, label), select), select };
};

export const tick = ({ label, key, checked, change }) => {
  const input = h("input", { type: "checkbox", onchange: () => change(input.checked) });
  input.checked = checked;
  const hint = key ? h("kbd", { "aria-hidden": "true" }, key) : null;
  return { element: h("label", { class: "tick" }, input, h("span", {}, label), hint), input };
};

export const digits = (value) => {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  return Math.abs(value) < 0.001 ? value.toExponential(1).replace("-", "−") : String(Number(value.toPrecision(3)));
};
