//! Temporary.
#[path = "ui/desk.rs"]
#[allow(dead_code)]
mod desk;
use egui_kittest::Harness;
use osteon::edit::ReadLayers;
use osteon::gpu::Canvas;
use osteon::session::*;
use osteon::space::Affine;
use osteon::study::ExamCode;
use osteon::views::Views;
use osteon::volume::{Grid, Image};
use osteon::worker::message::*;
use std::sync::Arc;
use std::time::Instant;

struct App { session: Session, views: Views, canvas: Canvas, ui_ms: Vec<f64>, apply_ms: Vec<f64> }
impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _f: &mut eframe::Frame) {
        let dirty = self.session.take_dirty();
        let mut commands = Vec::new();
        let t = Instant::now();
        self.views.ui(ui, &self.session, &mut self.canvas, &dirty, &mut commands);
        self.ui_ms.push(t.elapsed().as_secs_f64() * 1e3);
        let t = Instant::now();
        for c in commands {
            for e in self.session.apply(c, "2026-11-21T10:00:00Z") {
                if let Effect::Work(_, Request::Journal(r)) = e { self.session.absorb(Event::Saved { row: r.row.n }); }
            }
        }
        self.apply_ms.push(t.elapsed().as_secs_f64() * 1e3);
    }
}
fn stats(name: &str, v: &mut Vec<f64>) {
    let mut s = v.clone();
    s.sort_by(f64::total_cmp);
    if !s.is_empty() { println!("{name}: n {} p50 {:.2} p95 {:.2} max {:.2} ms", s.len(), s[s.len()/2], s[s.len()*95/100], s[s.len()-1]); }
    v.clear();
}
#[test]
fn frames() {
    let mut w: Harness<'static, App> = Harness::builder().with_size([1440.0, 900.0]).build_eframe(|cc| App {
        session: Session::new(1, 1), views: Views::new(&cc.egui_ctx), canvas: Canvas::new(None), ui_ms: vec![], apply_ms: vec![] });
    let mut d = desk::harness([100.0, 100.0], false);
    d.state_mut().open_study();
    let mut summary = d.state().session.study().unwrap().clone();
    for e in &mut summary.exams { e.slices = 60; }
    let s = &mut w.state_mut().session;
    s.absorb(Event::Ended { id: RequestId(0), outcome: Outcome::Study(Box::new(summary)) });
    s.apply(Command::Study(StudyCommand::ChooseRole(desk::reader("R2"))), "");
    let code = ExamCode::new("K-017").unwrap();
    let id = s.apply(Command::Study(StudyCommand::OpenExam(code.clone())), "").iter().find_map(|e| if let Effect::Work(id, Request::OpenExam { .. }) = e { Some(*id) } else { None }).unwrap();
    let affine = Affine::from_columns([[-0.4, 0., 0.], [0., 0., -0.4], [0., 3.0, 0.]], [0.; 3]).unwrap();
    let grid = Arc::new(Grid::new([512, 512, 60], affine).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count()).map(|n| ((n * 7919) % 1000) as f32).collect();
    let image = Image::new(grid.clone(), values).unwrap();
    s.absorb(Event::Ended { id, outcome: Outcome::Exam(Box::new(LoadedExam { code, role: desk::reader("R2"), sequences: vec![("water".into(), image)], layers: ReadLayers::new(grid, 2), slice_axis: 2, has_geometry: true, findings: vec![] })) });
    w.run_steps(1);
    stats("first frame", &mut w.state_mut().ui_ms);
    w.run_steps(20);
    stats("settling", &mut w.state_mut().ui_ms);
    w.run_steps(20);
    stats("idle", &mut w.state_mut().ui_ms);
    let c = w.state().views.place().unwrap().rect().center();
    w.hover_at(c); w.run_steps(2);
    w.drag_at(c);
    w.state_mut().ui_ms.clear(); w.state_mut().apply_ms.clear();
    for n in 0..60 { for k in 0..3 { w.hover_at(c + egui::vec2(n as f32 * 3.0 + k as f32, (n as f32 * 0.3).sin() * 80.0)); } w.run_steps(1); }
    stats("painting ui", &mut w.state_mut().ui_ms); stats("painting apply", &mut w.state_mut().apply_ms);
    w.drop_at(c); w.run_steps(1);
    stats("drop ui", &mut w.state_mut().ui_ms); stats("drop apply", &mut w.state_mut().apply_ms);
    w.run_steps(3);
    stats("after drop", &mut w.state_mut().ui_ms);
    for n in 0..20 { w.key_press(if n % 2 == 0 { egui::Key::PageDown } else { egui::Key::ArrowDown }); w.run_steps(1); }
    stats("slices ui", &mut w.state_mut().ui_ms);
    for _ in 0..20 { w.state_mut().session.apply(Command::View(ViewCommand::DragWindow { dx: 3.0, dy: 1.0 }), ""); w.run_steps(1); }
    stats("window drag ui", &mut w.state_mut().ui_ms);
}
