#!/usr/bin/env python3
"""Makes the PDFs of contents/ from the texts beside them; Python's standard library only, same bytes every time.

    make_pdf.py            writes contents/NAME.pdf for each contents/NAME.txt
    make_pdf.py --check    writes nothing; exit status 1 when a PDF is not what its text gives

A text is UTF-8, one paragraph a line:
    # title    ## heading    - item    > at the right    | a | b | cells of a row    *word* alone on a line: bold
    ===        a rule        @scan    a page that holds a full-page grey image, uncompressed, as a scanner makes it

The letters use Helvetica, which every reader has, so they are small; they are not PDF/A.
"""
import pathlib
import sys

PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 595, 842, 57
SIZE, LEADING = 10.5, 14.5
# A4 at 300 dots per inch, cut so that the whole file passes 8 MiB by little.
SCAN_WIDTH, SCAN_HEIGHT = 2480, 3383

# Helvetica's advance widths in thousandths of the size, from the space on (Adobe core font metrics).
ASCII_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584)
OTHER_WIDTHS = {'Æ': 1000, 'Œ': 1000, 'æ': 889, 'œ': 944, '’': 222, '–': 556, '«': 556, '»': 556, '°': 400}
UNACCENTED = str.maketrans('ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸàâäçéèêëîïôöùûüÿ', 'AAACEEEEIIOOUUUYaaaceeeeiioouuuy')


def width(text, size, bold=False):
    total = 0
    for char in text.translate(UNACCENTED):
        total += OTHER_WIDTHS.get(char) or (ASCII_WIDTHS[ord(char) - 32] if 32 <= ord(char) < 127 else 556)
    return total * size / 1000 * (1.07 if bold else 1)


def wrapped(text, size, room, bold=False):
    lines, line = [], ''
    for word in text.split():
        longer = f'{line} {word}'.strip()
        if line and width(longer, size, bold) > room:
            lines.append(line)
            longer = word
        line = longer
    return lines + [line]


class Pages:
    """Content streams of text, from the top of a page to its foot, then on the next."""

    def __init__(self):
        self.streams = []
        self.y = 0

    def need(self, height):
        if not self.streams or self.y - height < MARGIN:
            self.streams.append(bytearray())
            self.y = PAGE_HEIGHT - MARGIN

    def show(self, x, text, size, bold):
        escaped = text.encode('cp1252').replace(b'\\', b'\\\\').replace(b'(', b'\\(').replace(b')', b'\\)')
        self.streams[-1] += b'BT /%s %g Tf %.2f %.2f Td (%s) Tj ET\n' % (
            b'F2' if bold else b'F1', size, x, self.y, escaped)

    def paragraph(self, text, size=SIZE, bold=False, indent=0, align='left'):
        room = PAGE_WIDTH - 2 * MARGIN - indent
        for line in wrapped(text, size, room, bold):
            self.need(LEADING)
            self.y -= LEADING * size / SIZE
            slack = room - width(line, size, bold)
            x = MARGIN + indent + {'left': 0, 'right': slack, 'center': slack / 2}[align]
            self.show(x, line, size, bold)

    def row(self, cells):
        self.need(LEADING)
        self.y -= LEADING
        room = (PAGE_WIDTH - 2 * MARGIN) / len(cells)
        for column, cell in enumerate(cells):
            self.show(MARGIN + column * room, cell.strip(), SIZE, False)

    def rule(self):
        self.need(LEADING)
        self.y -= LEADING * 0.7
        self.streams[-1] += b'0.5 w %d %.2f m %d %.2f l S\n' % (MARGIN, self.y, PAGE_WIDTH - MARGIN, self.y)

    def line(self, text):
        if not text:
            self.y -= LEADING * 0.5
        elif text.startswith('# '):
            self.y -= LEADING * 0.5
            self.paragraph(text[2:], size=15, bold=True, align='center')
            self.y -= LEADING * 0.5
        elif text.startswith('## '):
            self.y -= LEADING * 0.4
            self.need(3 * LEADING)
            self.paragraph(text[3:], size=11.5, bold=True)
        elif text.startswith('- '):
            self.paragraph('– ' + text[2:], indent=12)
        elif text.startswith('> '):
            self.paragraph(text[2:], align='right')
        elif text.startswith('|'):
            self.row(text.strip('|').split('|'))
        elif text.startswith('*') and text.endswith('*'):
            self.paragraph(text[1:-1], bold=True)
        elif text == '===':
            self.rule()
        else:
            self.paragraph(text)


def scan():
    """A sheet of squared paper with twelve traces, as an electrocardiograph prints them."""
    beat = [0] * 40 + [4, 10, 16, 18, 16, 10, 4] + [0] * 14 + [-12, -6, 60, 150, 210, 120, 10, -50, -22]
    beat += [0] * 30 + [4, 12, 22, 32, 40, 42, 40, 32, 22, 12, 4] + [0] * 100
    rows = []
    for y in range(SCAN_HEIGHT):
        if y % 59 < 2:
            rows.append(bytearray(b'\xb4' * SCAN_WIDTH))
        else:
            rows.append(bytearray((b'\xb4\xb4' + b'\xfc' * 57) * (SCAN_WIDTH // 59 + 1))[:SCAN_WIDTH])
    for trace in range(12):
        base = 300 + trace * 250
        before = base
        for x in range(120, SCAN_WIDTH - 120):
            y = base - beat[(x + 37 * trace) % len(beat)] * (10 - trace % 5) // 10
            for dot in range(min(before, y) - 2, max(before, y) + 3):
                rows[dot][x] = 0x18
            before = y
    return b''.join(rows)


def pdf_text(text):
    return b'<' + b'\xfe\xff'.hex().encode() + text.encode('utf-16-be').hex().encode() + b'>'


def build(source):
    pages, title, scans = Pages(), '', 0
    for text in source.splitlines():
        if text == '@scan':
            scans += 1
        else:
            title = title or (text[2:] if text.startswith('# ') else '')
            pages.line(text)

    objects = []  # object n is objects[n - 1]

    def add(body):
        objects.append(body)
        return len(objects)

    def stream(dictionary, content):
        return add(b'<< %s/Length %d >>\nstream\n%s\nendstream' % (dictionary, len(content), content))

    add(b'<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>')
    add(b'')  # the page tree, known last
    for font in (b'Helvetica', b'Helvetica-Bold'):
        add(b'<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>' % font)
    information = add(b'<< /Title %s /Producer (make_pdf.py) /CreationDate (D:20250301120000Z) >>' % pdf_text(title))
    kids = []

    def page(resources, content):
        kids.append(add(b'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << %s >> /Contents %d 0 R >>' % (
            PAGE_WIDTH, PAGE_HEIGHT, resources, content)))

    for content in pages.streams:
        page(b'/Font << /F1 3 0 R /F2 4 0 R >>', stream(b'', bytes(content)))
    for _ in range(scans):
        image = stream(b'/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 ' % (
            SCAN_WIDTH, SCAN_HEIGHT), scan())
        page(b'/XObject << /Im1 %d 0 R >>' % image, stream(b'', b'q %d 0 0 %d 0 0 cm /Im1 Do Q' % (PAGE_WIDTH, PAGE_HEIGHT)))
    objects[1] = b'<< /Type /Pages /Count %d /Kids [%s] >>' % (len(kids), b' '.join(b'%d 0 R' % kid for kid in kids))

    out, offsets = bytearray(b'%PDF-1.4\n%\xe2\xe3\xcf\xd3\n'), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b'%d 0 obj\n%s\nendobj\n' % (number, body)
    start = len(out)
    out += b'xref\n0 %d\n0000000000 65535 f \n' % (len(objects) + 1)
    out += b''.join(b'%010d 00000 n \n' % offset for offset in offsets)
    out += b'trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n' % (len(objects) + 1, information, start)
    return bytes(out)


def main():
    check, stale = sys.argv[1:] == ['--check'], []
    for source in sorted((pathlib.Path(__file__).parent / 'contents').glob('*.txt')):
        target = source.with_suffix('.pdf')
        content = build(source.read_text(encoding='utf-8'))
        if check:
            if not target.exists() or target.read_bytes() != content:
                stale.append(target.name)
        else:
            target.write_bytes(content)
    if stale:
        sys.exit('not what their texts give: ' + ', '.join(stale))


if __name__ == '__main__':
    main()
