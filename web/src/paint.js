// One set of drawing calls with two ways to carry them out: on a canvas, and as an SVG file.

export class CanvasPainter {
  constructor(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.aspectRatio = `${width} / ${height}`;
    this.at = canvas.getContext("2d");
    this.at.scale(ratio, ratio);
    this.at.imageSmoothingEnabled = false;
  }

  rect(x, y, width, height, { fill, stroke, line = 1, dash = [], alpha = 1 }) {
    this.at.globalAlpha = alpha;
    if (fill) {
      this.at.fillStyle = fill;
      this.at.fillRect(x, y, width, height);
    }
    if (stroke) {
      this.at.strokeStyle = stroke;
      this.at.lineWidth = line;
      this.at.setLineDash(dash);
      this.at.strokeRect(x, y, width, height);
    }
    this.at.globalAlpha = 1;
  }

  polygon(points, { fill, alpha = 1 }) {
    this.at.globalAlpha = alpha;
    this.at.fillStyle = fill;
    this.at.beginPath();
    points.forEach(([x, y], i) => (i ? this.at.lineTo(x, y) : this.at.moveTo(x, y)));
    this.at.fill();
    this.at.globalAlpha = 1;
  }

  image(picture, x, y, width, height, { alpha = 1, smooth = false } = {}) {
    this.at.globalAlpha = alpha;
    this.at.imageSmoothingEnabled = smooth;
    this.at.drawImage(picture, x, y, width, height);
    this.at.globalAlpha = 1;
  }

  text(words, x, y, { fill, size = 12, anchor = "start" }) {
    this.at.font = `${size}px system-ui, sans-serif`;
    this.at.fillStyle = fill;
    this.at.textAlign = anchor === "middle" ? "center" : anchor;
    this.at.fillText(words, x, y);
  }
}

export class SvgPainter {
  constructor(width, height, background) {
    this.size = [width, height];
    this.parts = [`<rect width="${width}" height="${height}" fill="${background}"/>`];
  }

  rect(x, y, width, height, { fill = "none", stroke = "none", line = 1, dash = [], alpha = 1 }) {
    this.parts.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}" stroke="${stroke}" ` +
        `stroke-width="${line}" stroke-dasharray="${dash.join(" ")}" opacity="${alpha}"/>`,
    );
  }

  polygon(points, { fill, alpha = 1 }) {
    this.parts.push(`<polygon points="${points.join(" ")}" fill="${fill}" opacity="${alpha}"/>`);
  }

  image(picture, x, y, width, height, { alpha = 1 } = {}) {
    const copy = document.createElement("canvas");
    copy.width = picture.width;
    copy.height = picture.height;
    copy.getContext("2d").drawImage(picture, 0, 0);
    this.parts.push(
      `<image x="${x}" y="${y}" width="${width}" height="${height}" opacity="${alpha}" ` +
        `preserveAspectRatio="none" image-rendering="pixelated" href="${copy.toDataURL()}"/>`,
    );
  }

  text(words, x, y, { fill, size = 12, anchor = "start" }) {
    const inner = escaped(words);
    this.parts.push(
      `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}" font-family="sans-serif" ` +
        `text-anchor="${anchor}">${inner}</text>`,
    );
  }

  toString() {
    const [width, height] = this.size;
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}">${this.parts.join("")}</svg>`
    );
  }
}

/** Text as it may stand in SVG: names of layers are data, never markup. */
export function escaped(text) {
  const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return String(text).replace(/[&<>"]/g, (sign) => signs[sign]);
}

/** A picture of marks or shades, a colour for each value; clear where the colour is null. */
export function raster(values, height, width, color) {
  const picture = document.createElement("canvas");
  picture.width = width;
  picture.height = height;
  const at = picture.getContext("2d");
  const pixels = at.createImageData(width, height);
  for (let i = 0; i < height * width; i += 1) {
    const tone = color(values[i]);
    if (tone) pixels.data.set(tone, 4 * i);
  }
  at.putImageData(pixels, 0, 0);
  return picture;
}

/** Colours that read in print: from clear through orange and red to nearly black, or to white. */
export function heat(value, dark = false) {
  if (value === 0) return null;
  const x = value / 255;
  const alpha = Math.round(245 * Math.min(1, 1.8 * x));
  if (dark) return [255, Math.round(70 + 185 * x), Math.round(40 + 190 * x ** 3), alpha];
  const red = Math.round(255 * Math.min(1, 1.6 - 1.2 * x));
  const green = Math.round(190 * (1 - x) ** 1.2);
  const blue = Math.round(60 * (1 - x) + 40 * x);
  return [red, green, blue, alpha];
}
