// Camera and microphone for the fields that take files; what is taken stays in the page until asked about.

export function offerCapture(form, changed) {
  for (const control of form.querySelectorAll("[data-medium][type=file]")) {
    control.addEventListener("change", () => preview(control));
    control.addEventListener("input", () => { if (!control.files.length) preview(control); });
    const bar = form.querySelector(`.capture[data-for="${control.id}"]`);
    if (!navigator.mediaDevices?.getUserMedia || !bar) continue;
    bar.hidden = false;
    const start = button({ image: "Take a picture", audio: "Record sound", video: "Record film" }[control.dataset.medium]);
    bar.append(start);
    start.addEventListener("click", () => take(control, bar, start, changed));
  }
}

async function take(control, bar, start, changed) {
  const medium = control.dataset.medium;
  start.hidden = true;
  bar.querySelector(".fault")?.remove();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: medium !== "image", video: medium !== "audio" });
  } catch (error) {
    const words = { NotAllowedError: "The browser was not allowed to.", NotFoundError: "There is no such device." };
    const line = document.createElement("span");
    line.className = "fault";
    line.textContent = words[error.name] ?? "The device cannot be used.";
    bar.append(line);
    start.hidden = false;
    return;
  }
  const watched = medium === "audio" ? null : await watch(stream, bar);
  const finish = button(medium === "image" ? "This one" : "Stop");
  bar.append(finish);
  const file = medium === "image" ? await still(watched, finish) : await recorded(stream, medium, finish);
  for (const track of stream.getTracks()) track.stop();
  watched?.remove();
  finish.remove();
  start.hidden = false;
  const carrier = new DataTransfer();
  carrier.items.add(file);
  control.files = carrier.files;
  preview(control);
  changed();
}

async function watch(stream, bar) {
  const video = document.createElement("video");
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  bar.append(video);
  await video.play();
  return video;
}

function clicked(finish) {
  return new Promise((resolve) => finish.addEventListener("click", resolve, { once: true }));
}

async function still(video, finish) {
  await clicked(finish);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], "picture.png", { type: "image/png" });
}

async function recorded(stream, medium, finish) {
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start();
  await clicked(finish);
  recorder.stop();
  await ended;
  const blob = new Blob(parts, { type: recorder.mimeType });
  return medium === "audio" ? wave(blob) : new File([blob], "film.webm", { type: blob.type });
}

// Sound as WAV, which every reader knows: 16-bit samples of one channel.
async function wave(blob) {
  const context = new AudioContext();
  const sound = await context.decodeAudioData(await blob.arrayBuffer());
  context.close();
  const samples = sound.getChannelData(0);
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const word = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + 2 * samples.length, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, sound.sampleRate, true); view.setUint32(28, 2 * sound.sampleRate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, "data"); view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => view.setInt16(44 + 2 * i, 32767 * Math.max(-1, Math.min(1, sample)), true));
  return new File([view], "sound.wav", { type: "audio/wav" });
}

function preview(control) {
  const place = document.getElementById(`${control.id}-preview`);
  for (const shown of place.children) URL.revokeObjectURL(shown.src);
  place.replaceChildren();
  const file = control.files[0];
  if (!file) return;
  const shown = document.createElement({ image: "img", audio: "audio", video: "video" }[control.dataset.medium]);
  shown.src = URL.createObjectURL(file);
  if (shown.tagName === "IMG") shown.alt = "what was chosen";
  else shown.controls = true;
  place.append(shown);
}

function button(text) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", textContent: text });
  return made;
}
