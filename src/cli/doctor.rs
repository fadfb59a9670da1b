//! `echodesk doctor`: is the installation in order, and what exactly has to be done where it is not?
//!
//! It looks and repairs nothing: a store that was never opened stays so, and migrations do not run.

use super::diagnosis::{Finding, Report, text};
use super::failure::Failure;
use super::operator;
use crate::assembly;
use crate::config::{Config, Flags, language};
use engine::Engine;
use model::Result;
use model::inbound::InboundState;
use model::people::{Role, UserStatus};
use model::query::{PAGE_MAX, Page, UserFilter};
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

/// Less free space than this is too little, in KiB: SQLite needs room for its log, uploads for themselves.
const LEAST_FREE_KIB: u64 = 512 * 1024;
/// Files that are asked for at a time.
const FILES: usize = 500;
/// A mail that waits longer was forgotten, not just taken in.
const PATIENCE_MS: i64 = 60_000;

pub async fn run(flags: Flags) -> Result<(), Failure> {
    let mut report = Report::new(language());
    let config = match Config::load(flags) {
        Ok(config) => config,
        Err(error) => {
            for problem in error.problems {
                let repair = text(
                    "Correct this setting; `echodesk settings` lists them all.",
                    "请更正此设置；`echodesk settings` 会列出全部设置。",
                );
                report.add(Finding::bad(text(problem.as_str(), problem.as_str()), repair))?;
            }
            return report.finish();
        }
    };
    report.add(Finding::good(text("The settings can be read.", "设置可以读取。")))?;
    for finding in folder(&config.data_dir) {
        report.add(finding)?;
    }
    for finding in settings(&config) {
        report.add(finding)?;
    }
    if let Some(engine) = database(&config, &mut report).await? {
        let looked = contents(&engine, &mut report).await;
        engine.close().await;
        looked?;
    }
    report.finish()
}

fn folder(folder: &Path) -> Vec<Finding> {
    let shown = folder.display();
    // A folder that is yet to be made is as good as the one that it will be made in.
    let there = folder.ancestors().map(|one| if one.as_os_str().is_empty() { Path::new(".") } else { one });
    let Some(there) = there.into_iter().find(|one| one.exists()) else { return Vec::new() };
    if let Err(error) = tempfile::tempfile_in(there) {
        return vec![Finding::bad(
            text(
                format!("The data directory {shown} cannot be written: {error}."),
                format!("数据目录 {shown} 不可写：{error}。"),
            ),
            text(
                format!("Run `chown -R USER {}` for the user that runs Echodesk, or set data_dir.", there.display()),
                format!("请为运行 Echodesk 的用户执行 `chown -R 用户 {}`，或设置 data_dir。", there.display()),
            ),
        )];
    }
    let mut findings = vec![Finding::good(text(
        format!("The data directory {shown} can be written."),
        format!("数据目录 {shown} 可写。"),
    ))];
    if let Some(free) = free_kib(there) {
        let mib = free / 1024;
        findings.push(if free < LEAST_FREE_KIB {
            Finding::bad(
                text(format!("Only {mib} MiB are free there."), format!("该处仅剩 {mib} MiB 可用空间。")),
                text(
                    "Make room on that disk, or set data_dir to another one.",
                    "请清理该磁盘，或将 data_dir 设到其他磁盘。",
                ),
            )
        } else {
            Finding::good(text(format!("{mib} MiB are free there."), format!("该处有 {mib} MiB 可用空间。")))
        });
    }
    findings
}

/// Free space by POSIX `df`: the standard library does not know it. `None` where there is no `df`.
fn free_kib(folder: &Path) -> Option<u64> {
    let out = Command::new("df").arg("-Pk").arg(folder).output().ok().filter(|out| out.status.success())?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let domain = &config.email.domain;
    let name = domain != "localhost" && domain.parse::<IpAddr>().is_err();
    if config.email.addresses.is_empty() {
        findings.push(Finding::notice(
            text("Mail is nobody's: email.addresses is empty.", "未设置收件地址：email.addresses 为空。"),
            text(
                "To take mail in, set email.addresses, for example ECHODESK_EMAIL__ADDRESSES=support@example.org.",
                "如需接收邮件，请设置 email.addresses，例如 ECHODESK_EMAIL__ADDRESSES=support@example.org。",
            ),
        ));
    } else if name {
        findings.push(Finding::good(text(format!("Our mail is known by {domain}."), format!("邮件域名为 {domain}。"))));
    } else {
        findings.push(Finding::bad(
            text(
                format!("Answers to our mail cannot be told from others: email.domain is {domain}."),
                format!("无法识别对本站邮件的回复：email.domain 为 {domain}。"),
            ),
            text(
                "Set ECHODESK_EMAIL__DOMAIN to a name of your own, once, and keep it.",
                "请将 ECHODESK_EMAIL__DOMAIN 设为自己的域名，并且不再更改。",
            ),
        ));
    }
    findings.push(match config.email.hook_secret {
        Some(_) => Finding::good(text("POST /hooks/email has a secret.", "POST /hooks/email 已设置密钥。")),
        None => Finding::notice(
            text(
                "POST /hooks/email refuses all mail: it has no secret.",
                "POST /hooks/email 未设置密钥，拒绝所有邮件。",
            ),
            text(
                "If mail shall come that way, set ECHODESK_EMAIL__HOOK_SECRET to a long random text.",
                "如需通过该接口接收邮件，请将 ECHODESK_EMAIL__HOOK_SECRET 设为一段较长的随机文本。",
            ),
        ),
    });
    let url = &config.public_url;
    let outside = config.listen.iter().any(|address| !address.ip().is_loopback());
    let local = ["://127.", "://localhost", "://[::1]"].iter().any(|host| url.contains(host));
    findings.push(if outside && local {
        Finding::notice(
            text(
                format!("Others can reach this server, but links lead to {url}."),
                format!("服务器可从外部访问，但链接指向 {url}。"),
            ),
            text(
                "Set ECHODESK_PUBLIC_URL to the address that people use.",
                "请将 ECHODESK_PUBLIC_URL 设为用户实际访问的地址。",
            ),
        )
    } else {
        Finding::good(text(format!("Links lead to {url}."), format!("链接指向 {url}。")))
    });
    findings
}

/// Opens the store if it is there and has this version's form.
async fn database(config: &Config, report: &mut Report) -> Result<Option<Engine>, Failure> {
    let url = &config.database_url;
    if let Some(file) = assembly::sqlite_file(config).filter(|file| !file.exists()) {
        let missing = file.display();
        report.add(Finding::bad(
            text(format!("There is no database yet at {missing}."), format!("{missing} 处还没有数据库。")),
            text("Start the server once: `echodesk serve`.", "请先启动一次服务器：`echodesk serve`。"),
        ))?;
        return Ok(None);
    }
    let options = assembly::engine_options(config);
    let pending = match Engine::pending_migrations(&options.store).await {
        Ok(pending) => pending,
        Err(error) => {
            let why = Failure::from(error).sentences.concat();
            report.add(Finding::bad(
                text(format!("The database {url} cannot be reached: {why}"), format!("无法连接数据库 {url}：{why}")),
                text(
                    "Check database_url, and that the database runs and takes this user.",
                    "请检查 database_url，并确认数据库正在运行且允许该用户连接。",
                ),
            ))?;
            return Ok(None);
        }
    };
    report.add(Finding::good(text(format!("The database {url} answers."), format!("数据库 {url} 可以连接。"))))?;
    if !pending.is_empty() {
        let list = pending.join(", ");
        report.add(Finding::bad(
            text(format!("Migrations are missing: {list}."), format!("有未执行的迁移：{list}。")),
            text("Run `echodesk migrate`.", "请执行 `echodesk migrate`。"),
        ))?;
        return Ok(None);
    }
    report.add(Finding::good(text("The database has this version's form.", "数据库结构与本版本一致。")))?;
    Ok(Some(Engine::start(options).await?))
}

async fn contents(engine: &Engine, report: &mut Report) -> Result<(), Failure> {
    let actor = operator().actor;
    let admins = UserFilter { role: vec![Role::Admin], status: vec![UserStatus::Active], ..UserFilter::default() };
    report.add(if engine.count_users(&actor, &admins).await? > 0 {
        Finding::good(text("An administrator exists.", "已有管理员。"))
    } else {
        Finding::bad(
            text("There is no active administrator.", "没有可用的管理员账号。"),
            text(
                "Run `echodesk user create --role admin --email ADDRESS --password -`.",
                "请执行 `echodesk user create --role admin --email 地址 --password -`。",
            ),
        )
    })?;
    let (files, missing) = files(engine).await?;
    report.add(if missing == 0 {
        Finding::good(text(format!("All files are there ({files})."), format!("文件齐全（{files} 个）。")))
    } else {
        Finding::bad(
            text(format!("{missing} of {files} files are missing."), format!("{files} 个文件中缺少 {missing} 个。")),
            text(
                "Copy the folder `files` of the data directory from a backup, or check data_dir.",
                "请从备份恢复数据目录中的 `files` 文件夹，或检查 data_dir。",
            ),
        )
    })?;
    let late = engine.now().plus(-PATIENCE_MS);
    let unread = engine.received().await?.iter().filter(|one| one.received_at <= late).count();
    report.add(if unread == 0 {
        Finding::good(text("No mail waits unread.", "没有未处理的邮件。"))
    } else {
        Finding::bad(
            text(format!("{unread} stored mails were not read."), format!("有 {unread} 封已保存的邮件未被处理。")),
            text("Start the server: it reads them.", "请启动服务器，它会处理这些邮件。"),
        )
    })?;
    let quarantine = engine.inbound(&actor, Some(InboundState::Quarantined), &Page::first(PAGE_MAX)).await?;
    let count = format!("{}{}", quarantine.items.len(), if quarantine.has_next { "+" } else { "" });
    report.add(if quarantine.items.is_empty() {
        Finding::good(text("The quarantine is empty.", "隔离区为空。"))
    } else {
        Finding::notice(
            text(format!("Mails in quarantine: {count}."), format!("隔离区中的邮件：{count} 封。")),
            text(
                "Look at them in the quarantine, or run `echodesk mail reprocess`.",
                "请在隔离区中查看，或执行 `echodesk mail reprocess`。",
            ),
        )
    })
}

/// How many files the database names, and how many of them are not there.
async fn files(engine: &Engine) -> Result<(u64, u64)> {
    let (mut all, mut missing) = (0, 0);
    let mut after = String::new();
    loop {
        let page = engine.files(&after, FILES).await?;
        let Some((last, _)) = page.last() else { return Ok((all, missing)) };
        after.clone_from(last);
        for (sha256, _) in &page {
            all += 1;
            missing += u64::from(!engine.file_path(sha256).is_some_and(|path| path.exists()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_installation_is_in_order() {
        let config = Config::with(&[]).unwrap();
        assert!(settings(&config).iter().all(|one| one.mark != super::super::diagnosis::Mark::Bad));
        let half = Config::with(&[("email.addresses", "a@b.example")]).unwrap();
        assert!(settings(&half).iter().any(|one| one.mark == super::super::diagnosis::Mark::Bad));
        let folder = tempfile::tempdir().unwrap();
        let findings = super::folder(&folder.path().join("new"));
        assert_eq!(findings.first().map(|one| one.mark), Some(super::super::diagnosis::Mark::Good), "{findings:?}");
    }
}
