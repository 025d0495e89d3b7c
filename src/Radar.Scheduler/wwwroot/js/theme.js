// Loaded before anything is drawn, so that the page never flashes in the other theme.
(() => {
  const stored = localStorage.getItem("radar.theme");
  const dark = stored ? stored === "dark" : !matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
