// Media types by file name extension and back, for attachments that do not say what they are. IANA's names for what people
// send by mail; anything else is application/octet-stream. The first extension of a type is the one to name a file with.
import { late } from '../base/late.ts'

const TABLE = `
application/calendar+json jcs
application/epub+zip epub
application/geo+json geojson
application/gzip gz tgz
application/java-archive jar
application/json json map
application/ld+json jsonld
application/manifest+json webmanifest
application/mbox mbox
application/msword doc dot
application/octet-stream bin dat dmg exe img iso dll deb pkg
application/ogg ogx
application/pdf pdf
application/pgp-encrypted pgp
application/pgp-signature asc sig
application/pkcs10 p10
application/pkcs7-mime p7m p7c
application/pkcs7-signature p7s
application/pkix-cert cer
application/pkix-crl crl
application/postscript ps ai eps
application/rtf rtf
application/sql sql
application/vnd.android.package-archive apk
application/vnd.apple.keynote key
application/vnd.apple.numbers numbers
application/vnd.apple.pages pages
application/vnd.apple.pkpass pkpass
application/vnd.google-earth.kml+xml kml
application/vnd.google-earth.kmz kmz
application/vnd.ms-excel xls xlt
application/vnd.ms-excel.sheet.binary.macroenabled.12 xlsb
application/vnd.ms-excel.sheet.macroenabled.12 xlsm
application/vnd.ms-fontobject eot
application/vnd.ms-outlook msg
application/vnd.ms-powerpoint ppt pps pot
application/vnd.ms-word.document.macroenabled.12 docm
application/vnd.oasis.opendocument.graphics odg
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.text odt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.presentationml.slideshow ppsx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.spreadsheetml.template xltx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template dotx
application/vnd.rar rar
application/vnd.sqlite3 sqlite
application/vnd.visio vsd
application/wasm wasm
application/x-7z-compressed 7z
application/x-bzip2 bz2
application/x-pkcs12 p12 pfx
application/x-sh sh
application/x-tar tar
application/x-x509-ca-cert crt der pem
application/x-xz xz
application/xhtml+xml xhtml
application/xml xml xsd xsl
application/yaml yaml yml
application/zip zip
application/zstd zst
audio/aac aac
audio/amr amr
audio/basic au
audio/flac flac
audio/midi mid midi
audio/mp4 m4a mp4a
audio/mpeg mp3 mp2
audio/ogg ogg oga opus spx
audio/wav wav
audio/webm weba
audio/x-aiff aif aiff
audio/x-ms-wma wma
font/otf otf
font/ttf ttf
font/woff woff
font/woff2 woff2
image/apng apng
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/heif heif
image/jpeg jpg jpeg jpe
image/jxl jxl
image/png png
image/svg+xml svg svgz
image/tiff tif tiff
image/vnd.adobe.photoshop psd
image/vnd.djvu djvu
image/vnd.dwg dwg
image/vnd.microsoft.icon ico
image/webp webp
image/x-portable-pixmap ppm
message/disposition-notification disposition-notification
message/global u8msg
message/rfc822 eml mime
model/gltf-binary glb
model/gltf+json gltf
model/stl stl
text/calendar ics ifb
text/css css
text/csv csv
text/html html htm
text/javascript js mjs cjs
text/markdown md markdown
text/plain txt text log conf ini list diff patch
text/richtext rtx
text/tab-separated-values tsv
text/vcard vcf vcard
text/vtt vtt
text/x-c c h
text/x-java-source java
text/x-python py
video/3gpp 3gp
video/3gpp2 3g2
video/mp4 mp4 m4v
video/mpeg mpeg mpg
video/ogg ogv
video/quicktime mov qt
video/webm webm
video/x-flv flv
video/x-matroska mkv
video/x-ms-wmv wmv
video/x-msvideo avi
application/ics ics
application/pgp-keys asc
`

interface MediaTypes {
  readonly types: ReadonlyMap<string, string>
  readonly extensions: ReadonlyMap<string, string>
}

const mediaTypes: () => MediaTypes = late(readTable)

function readTable(): MediaTypes {
  const types = new Map<string, string>()
  const extensions = new Map<string, string>()
  for (const line of TABLE.trim().split('\n')) {
    const [type, ...names] = line.split(' ') as [string, ...string[]]
    extensions.set(type, names[0]!)
    for (const name of names) if (!types.has(name)) types.set(name, type)
  }
  return { types, extensions }
}

/** The media type that a file's name suggests; `application/octet-stream` when it suggests none. */
export function mediaTypeOf(filename: string): string {
  const dot = filename.lastIndexOf('.')
  const extension = dot < 0 ? '' : filename.slice(dot + 1).toLowerCase()
  return mediaTypes().types.get(extension) ?? 'application/octet-stream'
}

/** The usual extension of files of a type, without the dot; `bin` when there is none. `type` has no parameters. */
export function extensionOf(type: string): string {
  return mediaTypes().extensions.get(type.toLowerCase()) ?? 'bin'
}
