// A table chosen in the page: sent to this machine's own server, its target chosen, then opened.

export function upload(form) {
  const root = document.body.dataset.root, [file, target, button, told] = ["[type=file]", "select", "button", "[role=status]"].map((each) => form.querySelector(each));
  const send = async (path, body) => {
    const answer = await fetch(`${root}${path}`, { method: "POST", body });
    const found = await answer.json().catch(() => ({ fault: `The lab answered ${answer.status}.` }));
    if (found.fault) throw new Error(found.fault);
    return found;
  };
  let kept = null;
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    told.textContent = "Reading …";
    form.querySelector(".target").hidden = button.hidden = true;
    try {
      kept = await send(`/own/table?name=${encodeURIComponent(file.files[0].name)}`, file.files[0]);
      target.replaceChildren(...kept.columns.map((name) => new Option(name, name)));
      target.value = kept.columns.at(-1);
      form.querySelector(".target").hidden = button.hidden = false;
      told.textContent = `${kept.columns.length} columns. Which one is to be predicted?`;
    } catch (fault) { told.textContent = fault.message; }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!kept) return;
    told.textContent = "Opening …";
    try {
      await send("/own/open", JSON.stringify({ file: kept.file, target: target.value }));
      location.reload();
    } catch (fault) { told.textContent = fault.message; }
  });
}
