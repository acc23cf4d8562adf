// Fields of bytes as pictures: 0 is orange, 127 is paper, 255 is blue.

const palettes = {};

/** 256 colours between the page's orange, its paper and its blue. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const key = ["--orange", "--paper", "--blue"].map((name) => style.getPropertyValue(name).trim()).join();
  if (palettes[key]) return palettes[key];
  const [low, middle, high] = key.split(",").map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const made = new Uint32Array(256);
  for (let k = 0; k < 256; k++) {
    const share = (k - 127.5) / 127.5, end = share < 0 ? low : high, t = Math.abs(share) * 0.72;
    const [r, g, b] = middle.map((m, i) => Math.round(m + (end[i] - m) * t));
    made[k] = 0xff000000 | (b << 16) | (g << 8) | r;
  }
  return (palettes[key] = made);
}

/** Paint bytes on a canvas of as many cells; the style sheet makes it as large as it should be. */
export function paint(canvas, bytes, columns, rows, start = 0) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const image = new ImageData(columns, rows), pixels = new Uint32Array(image.data.buffer), colours = palette();
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[bytes[start + i]];
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Bytes that came as text, with their shape. */
export function unpack({ bytes, shape }) {
  const found = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  found.shape = shape;
  return found;
}

/** Paint pixels as they are, of one colour or of three. */
export function photograph(canvas, bytes, columns, rows, channels, start = 0) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const image = new ImageData(columns, rows);
  for (let i = 0; i < columns * rows; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[start + i * channels + (channels === 3 ? c : 0)];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
