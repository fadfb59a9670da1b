//! Raw mails, as short as they can be.

/// A plain text mail to the house.
pub struct Mail<'a> {
    pub from: &'a str,
    pub subject: &'a str,
    pub id: &'a str,
    pub answers: Option<&'a str>,
    pub text: &'a str,
}

impl Mail<'_> {
    pub fn raw(&self) -> String {
        let answers =
            self.answers.map(|id| format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n")).unwrap_or_default();
        format!(
            "From: {}\r\nTo: Support <support@desk.example>\r\nSubject: {}\r\nDate: Mon, 5 Jan 2026 10:00:00 +0800\r\n\
             Message-ID: <{}>\r\n{answers}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
            self.from, self.subject, self.id, self.text
        )
    }
}
