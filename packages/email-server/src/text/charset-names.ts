// Names of charsets as mail writes them: IANA's names and aliases, Microsoft's code pages, and what old clients invented.
// Two charsets are read as their larger sisters, as every mail client does (and WHATWG Encoding §4.2 asks): ISO-8859-1 as
// windows-1252 (nobody sends C1 controls; many send “ ” € under that name), GB2312 as GBK, and so on. US-ASCII is read as if
// there were no label, because 8-bit bytes under it prove the label wrong.

import { late } from '../base/late.ts'

// canonical name: aliases, all squeezed to letters and digits
const NAMES: () => ReadonlyMap<string, string> = late(
  () =>
    new Map(
      [
        [
          'us-ascii',
          'usascii ascii ansix341968 ansix341986 iso646us iso646irv1991 isoir6 us cp367 ibm367 csascii 646 7bit',
        ],
        ['utf-8', 'utf8 unicode11utf8 csutf8 utf8mac xutf8 unicode20utf8 utf cp65001 xunicode20utf8'],
        ['utf-7', 'utf7 unicode11utf7 csutf7 csunicode11utf7 xunicode20utf7 unicode20utf7 cp65000'],
        ['utf-16', 'utf16 csutf16 ucs2 iso10646ucs2 csunicode unicode'],
        ['utf-16le', 'utf16le csutf16le ucs2le unicodefeff'],
        ['utf-16be', 'utf16be csutf16be ucs2be unicodefffe'],
        ['utf-32', 'utf32 csutf32 ucs4 iso10646ucs4 csucs4'],
        ['utf-32le', 'utf32le csutf32le ucs4le'],
        ['utf-32be', 'utf32be csutf32be ucs4be'],
        [
          'windows-1252',
          'windows1252 cp1252 xcp1252 win1252 ms1252 cswindows1252 ansi 1252 ' +
            'iso88591 iso885911987 latin1 l1 isoir100 cp819 ibm819 csisolatin1 88591 isolatin1 westernlatin1 isolatin',
        ],
        ['iso-8859-2', 'iso88592 iso885921987 latin2 l2 isoir101 csisolatin2 88592'],
        ['iso-8859-3', 'iso88593 iso885931988 latin3 l3 isoir109 csisolatin3 88593'],
        ['iso-8859-4', 'iso88594 iso885941988 latin4 l4 isoir110 csisolatin4 88594'],
        ['iso-8859-5', 'iso88595 iso885951988 cyrillic isoir144 csisolatincyrillic 88595'],
        [
          'iso-8859-6',
          'iso88596 iso885961987 arabic isoir127 ecma114 asmo708 csisolatinarabic 88596 iso88596e iso88596i csiso88596e csiso88596i',
        ],
        [
          'iso-8859-7',
          'iso88597 iso885971987 iso885972003 greek greek8 isoir126 ecma118 elot928 csisolatingreek 88597 suneugreek',
        ],
        [
          'iso-8859-8',
          'iso88598 iso885981988 hebrew isoir138 csisolatinhebrew 88598 visual iso88598e csiso88598e',
        ],
        ['iso-8859-8-i', 'iso88598i csiso88598i logical'],
        [
          'windows-1254',
          'windows1254 cp1254 xcp1254 win1254 ms1254 cswindows1254 iso88599 iso885991989 latin5 l5 isoir148 csisolatin5 88599',
        ],
        ['iso-8859-10', 'iso885910 iso8859101992 latin6 l6 isoir157 csisolatin6'],
        [
          'windows-874',
          'windows874 cp874 dos874 ms874 win874 cswindows874 tis620 tis6200 cstis620 iso885911 iso8859112001 ibm874',
        ],
        ['iso-8859-13', 'iso885913 latin7 l7 csiso885913'],
        ['iso-8859-14', 'iso885914 iso8859141998 isoir199 latin8 l8 isoceltic csiso885914'],
        ['iso-8859-15', 'iso885915 latin9 latin0 l9 csisolatin9 csiso885915 csisolatin15'],
        ['iso-8859-16', 'iso885916 iso8859162001 isoir226 latin10 l10 csiso885916'],
        ['windows-1250', 'windows1250 cp1250 xcp1250 win1250 ms1250 cswindows1250'],
        ['windows-1251', 'windows1251 cp1251 xcp1251 win1251 ms1251 cswindows1251'],
        ['windows-1253', 'windows1253 cp1253 xcp1253 win1253 ms1253 cswindows1253'],
        ['windows-1255', 'windows1255 cp1255 xcp1255 win1255 ms1255 cswindows1255'],
        ['windows-1256', 'windows1256 cp1256 xcp1256 win1256 ms1256 cswindows1256'],
        ['windows-1257', 'windows1257 cp1257 xcp1257 win1257 ms1257 cswindows1257'],
        ['windows-1258', 'windows1258 cp1258 xcp1258 win1258 ms1258 cswindows1258'],
        ['ibm437', 'ibm437 cp437 437 cspc8codepage437'],
        ['ibm850', 'ibm850 cp850 850 cspc850multilingual'],
        ['ibm852', 'ibm852 cp852 852 cspcp852'],
        ['ibm858', 'ibm858 ibm00858 cp858 cp00858 ccsid00858 pcmultilingual850euro csibm00858'],
        ['ibm866', 'ibm866 cp866 866 csibm866'],
        ['koi8-r', 'koi8r koi koi8 cskoi8r'],
        ['koi8-u', 'koi8u koi8ru cskoi8u'],
        ['macintosh', 'macintosh mac xmacroman macroman csmacintosh'],
        ['x-mac-cyrillic', 'xmaccyrillic xmacukrainian maccyrillic'],
        [
          'gbk',
          'gbk gb2312 gb231280 csgb2312 csgb231280 isoir58 chinese cp936 ms936 windows936 csgbk xgbk euccn gb',
        ],
        ['gb18030', 'gb18030 gb180302000 gb180302022 csgb18030'],
        [
          'big5',
          'big5 big5hkscs cnbig5 csbig5 csbig5hkscs xxbig5 cp950 ms950 windows950 big5eten xbig5 bigfive',
        ],
        [
          'euc-jp',
          'eucjp xeucjp xeuc cseucpkdfmtjapanese extendedunixcodepackedformatforjapanese ujis cp51932 eucjpms',
        ],
        [
          'shift_jis',
          'shiftjis sjis xsjis mskanji csshiftjis ms932 windows31j cswindows31j cp932 windows932 cp943 xshiftjis mskanjicp932 shiftjis2004 shiftjisx0213',
        ],
        [
          'euc-kr',
          'euckr ksc56011987 ksc56011989 ksc5601 ksc56011992 korean cseuckr csksc56011987 isoir149 cp949 ms949 windows949 uhc xwindows949 ks5601 ksx1001 xeuckr unifiedhangul',
        ],
        [
          'iso-2022-jp',
          'iso2022jp csiso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 csiso2022jp2 iso2022jpms cp50220 cp50221 cp50222 jis junet jiscode',
        ],
        ['iso-2022-kr', 'iso2022kr csiso2022kr cp50225'],
        ['iso-2022-cn', 'iso2022cn csiso2022cn iso2022cnext'],
        ['hz-gb-2312', 'hzgb2312 hz hzgb cshzgb2312 cp52936'],
      ].flatMap(([name, aliases]) => aliases!.split(' ').map(alias => [alias, name!] as const)),
    ),
)

const LABEL_LIMIT = 64

/**
 * The name under which a charset is decoded here (`latin1` → `windows-1252`, `ks_c_5601-1987` → `euc-kr`), or null when the label is not
 * known. Case, punctuation, quotes and white space do not matter.
 */
export function canonicalCharset(label: string): string | null {
  if (label === 'utf-8' || label === 'UTF-8') return 'utf-8'
  if (label.length > LABEL_LIMIT) return null
  return NAMES().get(label.toLowerCase().replace(/[^a-z0-9]/g, '')) ?? null
}
