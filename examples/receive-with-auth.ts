// Receives mail for example.com and shows who sent it: SPF, DKIM, DMARC and reverse DNS are checked before `mail` fires, and nothing is
// refused by the library itself.
//
//     node examples/receive-with-auth.ts
//     curl smtp://127.0.0.1:2525 --mail-from jo@sender.test --mail-rcpt alice@example.com -T message.eml
import { createServer } from 'email-server'

const server = createServer({
  hostname: 'mx.example.com',
  ports: { inbound: Number(process.env.PORT ?? 2525) },
})
server.addDomain('example.com')

server.on('smtpSession', session => {
  session.on('mail', mail => {
    const { dkim, spf, dmarc, rdns, dmarcPolicy } = mail.auth
    console.log(`${mail.from} → ${mail.to.join(', ')}: ${mail.subject}`)
    // null is what was not checked: mail from this machine itself, for instance
    console.log(`DKIM ${dkim}, SPF ${spf}, DMARC ${dmarc} (policy ${dmarcPolicy}), reverse DNS ${rdns}`)

    // the domain of the From field asks for it, and does not vouch for the message
    if (dmarc === 'fail' && dmarcPolicy === 'reject') {
      return mail.reject(550, '5.7.1 The domain of the sender asks to refuse this message')
    }
    // the DNS did not answer in time; the sender will try again
    if (dmarc === 'temperror') return mail.reject(451, '4.7.5 The sender cannot be checked at the moment')

    mail.on('end', () => {
      console.log(`${mail.rawBytes.length} bytes, ${mail.attachments.length} attachments`)
      mail.accept()
    })
  })
})

await server.listen()
console.log('Listening')
