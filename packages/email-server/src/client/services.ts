// Well-known submission services: where users of a provider hand in their mail. By name, by another of its names, or by the domain of an
// address. As published by the providers, and by nodemailer in its list of the same purpose.
import { late } from '../base/late.ts'

export interface WellKnownService {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; else by STARTTLS. */
  readonly secure: boolean
}

/** Names | host port | domains whose users send by it. */
const SERVICES = `
  126 | smtp.126.com 465
  163 | smtp.163.com 465
  1und1 | smtp.1und1.de 465
  Aliyun | smtp.aliyun.com 465 | aliyun.com
  AliyunQiye | smtp.qiye.aliyun.com 465
  AOL | smtp.aol.com 587 | aol.com
  Aruba, Aruba PEC | smtps.aruba.it 465 | aruba.it pec.aruba.it
  Bluewin | smtpauths.bluewin.ch 465 | bluewin.ch
  BOL | smtp.bol.com.br 587 | bol.com.br
  DebugMail | debugmail.io 25
  Disroot | disroot.org 587 | disroot.org
  DynectEmail, Dynect | smtp.dynect.net 25
  ElasticEmail, Elastic Email | smtp.elasticemail.com 465
  Ethereal, ethereal.email | smtp.ethereal.email 587
  FastMail | smtp.fastmail.com 465 | fastmail.com fastmail.fm
  Feishu Mail, Feishu, FeishuMail | smtp.feishu.cn 465 | www.feishu.cn
  Forward Email, FE, ForwardEmail | smtp.forwardemail.net 465 | forwardemail.net
  GandiMail, Gandi, Gandi Mail | mail.gandi.net 587
  Gmail, Google Mail | smtp.gmail.com 465 | gmail.com googlemail.com
  GmailWorkspace, Google Workspace Mail | smtp-relay.gmail.com 465
  GMX | mail.gmx.com 587 | gmx.com gmx.net gmx.de
  Godaddy | smtpout.secureserver.net 25
  GodaddyAsia | smtp.asia.secureserver.net 25
  GodaddyEurope | smtp.europe.secureserver.net 25
  Groundmail | smtp.groundmail.dev 587
  hot.ee | mail.hot.ee 587
  Hotmail, Outlook, Outlook.com, Hotmail.com | smtp-mail.outlook.com 587 | hotmail.com outlook.com
  iCloud, Me, Mac | smtp.mail.me.com 587 | icloud.com me.com mac.com
  Infomaniak | mail.infomaniak.com 587 | ik.me ikmail.com etik.com
  KolabNow, Kolab | smtp.kolabnow.com 465 | kolabnow.com
  Loopia | mailcluster.loopia.se 465
  Loops | smtp.loops.so 587
  mail.ee | smtp.mail.ee 587
  Mail.ru | smtp.mail.ru 465
  Mailcatch.app | sandbox-smtp.mailcatch.app 2525
  Maildev | localhost 1025
  MailerSend | smtp.mailersend.net 587
  Mailgun | smtp.mailgun.org 465
  Mailjet | in.mailjet.com 587
  Mailosaur | mailosaur.io 25
  MailSenpai | relay.mailsenpai.com 2525
  Mailtrap | live.smtp.mailtrap.io 587
  Mandrill | smtp.mandrillapp.com 587
  Naver | smtp.naver.com 587
  OhMySMTP | smtp.ohmysmtp.com 587
  One | send.one.com 465
  OpenMailBox, OMB, openmailbox.org | smtp.openmailbox.org 465
  Outlook365 | smtp.office365.com 587
  Oveyon | smtp.oveyon.com 587
  Postmark, PostmarkApp | smtp.postmarkapp.com 2525
  Proton, ProtonMail, Proton.me, Protonmail.com, Protonmail.ch | smtp.protonmail.ch 587 | proton.me protonmail.com pm.me protonmail.ch
  qiye.aliyun | smtp.mxhichina.com 465
  QQ | smtp.qq.com 465 | qq.com
  QQex, QQ Enterprise | smtp.exmail.qq.com 465 | exmail.qq.com
  Resend | smtp.resend.com 465
  Runbox | smtp.runbox.com 465 | runbox.com
  SendCloud | smtp.sendcloud.net 2525
  SendGrid | smtp.sendgrid.net 587
  SendinBlue, Brevo | smtp-relay.brevo.com 587
  SendPulse | smtp-pulse.com 465
  SES | email-smtp.us-east-1.amazonaws.com 465
  SES-AP-NORTHEAST-1 | email-smtp.ap-northeast-1.amazonaws.com 465
  SES-AP-NORTHEAST-2 | email-smtp.ap-northeast-2.amazonaws.com 465
  SES-AP-NORTHEAST-3 | email-smtp.ap-northeast-3.amazonaws.com 465
  SES-AP-SOUTH-1 | email-smtp.ap-south-1.amazonaws.com 465
  SES-AP-SOUTHEAST-1 | email-smtp.ap-southeast-1.amazonaws.com 465
  SES-AP-SOUTHEAST-2 | email-smtp.ap-southeast-2.amazonaws.com 465
  SES-CA-CENTRAL-1 | email-smtp.ca-central-1.amazonaws.com 465
  SES-EU-CENTRAL-1 | email-smtp.eu-central-1.amazonaws.com 465
  SES-EU-NORTH-1 | email-smtp.eu-north-1.amazonaws.com 465
  SES-EU-WEST-1 | email-smtp.eu-west-1.amazonaws.com 465
  SES-EU-WEST-2 | email-smtp.eu-west-2.amazonaws.com 465
  SES-EU-WEST-3 | email-smtp.eu-west-3.amazonaws.com 465
  SES-SA-EAST-1 | email-smtp.sa-east-1.amazonaws.com 465
  SES-US-EAST-1 | email-smtp.us-east-1.amazonaws.com 465
  SES-US-EAST-2 | email-smtp.us-east-2.amazonaws.com 465
  SES-US-GOV-EAST-1 | email-smtp.us-gov-east-1.amazonaws.com 465
  SES-US-GOV-WEST-1 | email-smtp.us-gov-west-1.amazonaws.com 465
  SES-US-WEST-1 | email-smtp.us-west-1.amazonaws.com 465
  SES-US-WEST-2 | email-smtp.us-west-2.amazonaws.com 465
  Seznam, Seznam Email | smtp.seznam.cz 465 | seznam.cz email.cz post.cz spoluzaci.cz
  SMTP2GO | mail.smtp2go.com 2525
  SpacePost | smtp.spacepost.dev 25976
  Sparkpost, SparkPost, SparkPost Mail | smtp.sparkpostmail.com 587 | sparkpost.com
  Tipimail | smtp.tipimail.com 587
  TurboSMTP | pro.turbo-smtp.com 465
  TurboSMTP-EU | pro.eu.turbo-smtp.com 465
  Tutanota | smtp.tutanota.com 465 | tutanota.com tuta.com tutanota.de tuta.io
  Yahoo | smtp.mail.yahoo.com 465 | yahoo.com
  Yandex | smtp.yandex.ru 465 | yandex.ru
  Zimbra, Zimbra Collaboration | smtp.zimbra.com 587
  Zoho | smtp.zoho.com 465
`

const byKey = late(() => {
  const services = new Map<string, WellKnownService>()
  for (const line of SERVICES.trim().split('\n')) {
    const [names = '', place = '', domains = ''] = line.split('|').map(part => part.trim())
    const [host = '', port = ''] = place.split(' ')
    const service = { host, port: Number(port), secure: port === '465' }
    for (const key of [...names.split(','), ...domains.split(' ')]) services.set(keyOf(key), service)
  }
  return services
})

function keyOf(name: string): string {
  return name.replace(/[^a-zA-Z0-9.-]/g, '').toLowerCase()
}

/** `Gmail`, `google mail`, `gmail.com` or `jo@gmail.com`; case and blanks do not matter. Null: not known here. */
export function wellKnownService(name: string): WellKnownService | null {
  const key = keyOf(name.slice(name.lastIndexOf('@') + 1))
  return key === '' ? null : (byKey().get(key) ?? null)
}
