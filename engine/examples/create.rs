//! scratch
use engine::*; use model::command::*; use model::people::*; use model::*;
use std::time::Instant;
#[tokio::main(flavor="multi_thread", worker_threads=2)]
async fn main() {
    let arg: Vec<String> = std::env::args().collect();
    let dir = std::path::PathBuf::from(&arg[1]);
    std::fs::create_dir_all(&dir).unwrap();
    let url = arg.get(2).cloned().unwrap_or(format!("sqlite://{}", dir.join("b.db").display()));
    let e = Engine::start(Options::new(url, &dir)).await.unwrap();
    let sys = Caller::system("x");
    let u = e.create_user(&sys, NewUser{profile: ProfileInput{username:Some(format!("u{}", e.now().0)),..Default::default()}, role: Role::User, status: UserStatus::Active, password: None}).await.unwrap();
    let c = Caller::new(Actor::User(model::actor::Member{id:u.id, role: Role::User, via: model::actor::Via::Channel, scopes: vec![]}));
    for n in [1usize,16,64] {
        let t = Instant::now(); let s0=e.statements();
        let hs: Vec<_> = (0..n).map(|k| { let e=e.clone(); let c=c.clone(); tokio::spawn(async move { let mut i=0; while t.elapsed().as_secs_f64()<3.0 { e.open_ticket(&c, OpenTicket::new(format!("无法登录 number {k} {i}"), "我尝试使用正确的密码登录，但系统提示密码错误。我已经重置过密码，但问题依然存在。 Please help me with this login problem, thanks a lot.")).await.unwrap(); i+=1;} i }) }).collect();
        let mut tot=0; for h in hs { tot+=h.await.unwrap(); }
        let el=t.elapsed().as_secs_f64();
        println!("{n} clients: {:.0}/s, {:.1} statements each", tot as f64/el, (e.statements()-s0) as f64/tot as f64);
    }
    e.close().await;
}
