//! The slice shader against its CPU twin, through the real pipeline on whatever adapter there is (lavapipe will do).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

use egui_wgpu::{CallbackTrait as _, RenderState, RendererOptions, ScreenDescriptor};
use osteon::gpu::{
    Adapter, Canvas, Context, Contour, Interpolation, Layer, OverlayMode, OverlayStyle, PaneId, SliceCallback, SliceFrame, SliceImage,
    SliceLabels, SliceView, twin,
};
use osteon::space::SlicePlane;
use osteon::space::{Affine, Spacing, VoxelBox};
use osteon::volume::{Grid, LabelScheme, Labels};
use std::sync::Arc;

/// A device on any adapter; `None` (with a word) where there is none and the run does not insist.
fn render_state() -> Option<RenderState> {
    let made = std::panic::catch_unwind(|| {
        egui_kittest::wgpu::create_render_state(egui_kittest::wgpu::default_wgpu_setup(), RendererOptions::PREDICTABLE)
    });
    match made {
        Ok(state) => {
            println!("drawn by {:?}", Adapter::of(Some(&state)));
            Some(state)
        }
        Err(_) if std::env::var("OSTEON_REQUIRE_ALL").as_deref() == Ok("1") => panic!("OSTEON_REQUIRE_ALL=1, but no graphics adapter"),
        Err(_) => {
            println!("skipped: no graphics adapter");
            None
        }
    }
}

/// A window's worth of pixels, drawn as egui draws: prepare all panes, then paint all of them in one pass.
fn draw(state: &RenderState, size: [u32; 2], panes: &[(PaneId, SliceFrame, [i32; 2])]) -> Vec<[u8; 4]> {
    let extent = wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 };
    let target = state.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: state.target_format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let mut encoder = state.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let callbacks: Vec<_> = panes.iter().map(|(id, frame, origin)| SliceCallback::new(*id, frame.clone(), *origin)).collect();
    let resources = &mut state.renderer.write().callback_resources;
    let screen = ScreenDescriptor { size_in_pixels: size, pixels_per_point: 1.0 };
    for callback in &callbacks {
        callback.prepare(&state.device, &state.queue, &screen, &mut encoder, resources);
    }
    let view = target.create_view(&wgpu::TextureViewDescriptor::default());
    let mut pass = encoder
        .begin_render_pass(&wgpu::RenderPassDescriptor {
            label: None,
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT), store: wgpu::StoreOp::Store },
            })],
            ..wgpu::RenderPassDescriptor::default()
        })
        .forget_lifetime();
    for (callback, (_, frame, origin)) in callbacks.iter().zip(panes) {
        let pane = frame.view().size().map(|n| n as f32);
        let corner = origin.map(|o| o as f32);
        let rect = egui::Rect::from_min_size(corner.into(), pane.into());
        pass.set_viewport(corner[0], corner[1], pane[0], pane[1], 0.0, 1.0);
        let info = egui::PaintCallbackInfo { viewport: rect, clip_rect: rect, pixels_per_point: 1.0, screen_size_px: size };
        callback.paint(info, &mut pass, resources);
    }
    drop(pass);
    read_back(state, encoder, &target, size)
}

fn read_back(state: &RenderState, mut encoder: wgpu::CommandEncoder, target: &wgpu::Texture, size: [u32; 2]) -> Vec<[u8; 4]> {
    let stride = (size[0] * 4).next_multiple_of(256);
    let buffer = state.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(stride * size[1]),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    encoder.copy_texture_to_buffer(
        target.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(stride), rows_per_image: None },
        },
        target.size(),
    );
    state.queue.submit([encoder.finish()]);
    buffer.slice(..).map_async(wgpu::MapMode::Read, |mapped| mapped.unwrap());
    state.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let bytes = buffer.slice(..).get_mapped_range().unwrap();
    let rows = bytes.chunks_exact(stride as usize);
    rows.flat_map(|row| row[..size[0] as usize * 4].chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]])).collect()
}

/// Draws one frame in a pane of its own window.
fn draw_one(state: &RenderState, frame: &SliceFrame) -> Vec<[u8; 4]> {
    draw(state, frame.view().size(), &[(PaneId(7), frame.clone(), [0, 0])])
}

/// Nearest: at most 0.1 % of pixels differ. Smooth: no channel by more than one level.
fn assert_twins(gpu: &[[u8; 4]], cpu: &[[u8; 4]], interpolation: Interpolation, what: &str) {
    assert_eq!(gpu.len(), cpu.len(), "{what}");
    let differing = gpu.iter().zip(cpu).filter(|(a, b)| a != b).count();
    let levels = |(a, b): (&[u8; 4], &[u8; 4])| (0..4).map(|c| a[c].abs_diff(b[c])).max().unwrap_or(0);
    let worst = gpu.iter().zip(cpu).map(levels).max().unwrap_or(0);
    println!("{what}: {differing} of {} pixels differ, worst by {worst}", gpu.len());
    match interpolation {
        Interpolation::Nearest => assert!(differing * 1000 <= gpu.len(), "{what}: {differing} of {} pixels differ", gpu.len()),
        Interpolation::Smooth => assert!(worst <= 1, "{what}: a pixel differs by {worst} levels"),
    }
}

/// Uncorrelated but reproducible noise, 0 to 1.
fn noise(n: usize) -> f32 {
    let mut x = (n as u32).wrapping_mul(0x9e37_79b9) ^ 0x85eb_ca6b;
    x ^= x >> 15;
    x = x.wrapping_mul(0x2c1b_3c6d);
    x ^= x >> 12;
    (x & 0xffff) as f32 / 65535.0
}

/// Blobs of labels 0..=5 and grey values with fractions, of an odd size.
fn made_up(width: usize, height: usize) -> (Arc<SliceImage>, Arc<SliceLabels>) {
    let values = (0..width * height).map(|n| 40.0 + 300.0 * noise(n) + (n % width) as f32 * 0.37).collect();
    let labels = (0..width * height).map(|n| {
        let (x, y) = ((n % width) as f32, (n / width) as f32);
        let wave = (x * 0.21).sin() + (y * 0.17).cos() + 0.3 * noise(n);
        if wave > 0.4 { ((wave * 4.0) as u8).min(5) } else { 0 }
    });
    let labels = labels.collect();
    (
        Arc::new(SliceImage::from_values([width, height], values).unwrap()),
        Arc::new(SliceLabels::from_values([width, height], labels).unwrap()),
    )
}

fn style(mode: OverlayMode, contour: Contour, edge: bool) -> Arc<OverlayStyle> {
    let scheme = LabelScheme::bones(&["a", "b", "c", "d", "e"]);
    let mut style = OverlayStyle { mode, contour, edge, ..OverlayStyle::paint(&scheme) };
    style.palette[2] = [0x42, 0x78, 0xe6, 255];
    style.palette[4][3] = 99;
    Arc::new(style)
}

const MODES: [OverlayMode; 4] = [OverlayMode::Fill, OverlayMode::Outline, OverlayMode::Hatch, OverlayMode::Pattern];

#[test]
fn the_shader_and_its_twin_give_the_same_pixels() {
    let Some(state) = render_state() else { return };
    let _context = Context::new(&state).unwrap();
    let (image, labels) = made_up(129, 87);
    let places = [(0.7, 0.7, 3.0, 5.5), (1.0, 1.0, 0.0, 0.0), (1.0, 1.0, 10.5, -20.5), (3.3, 3.3, -71.25, 13.0), (2.4, 5.1, -9.9, -33.3)];
    for interpolation in [Interpolation::Nearest, Interpolation::Smooth] {
        for (n, (sx, sy, ox, oy)) in places.into_iter().enumerate() {
            for (m, mode) in MODES.into_iter().enumerate() {
                let contour = if (n + m) % 2 == 0 { Contour::Voxels } else { Contour::Rounded };
                let mut view = SliceView::new([301, 207]).placed([sx, sy], [ox, oy]).windowed(31.0, 389.5).interpolated(interpolation);
                view.inverted = n == 3;
                view.ground = [14, 16, 17];
                view.pattern_scale = 1 + (n % 2) as u32;
                // A layer below whose edge shows through, and the layer in question.
                let below = Layer { labels: Arc::clone(&labels), style: style(OverlayMode::Fill, Contour::Voxels, m % 2 == 0) };
                let layer = Layer { labels: Arc::clone(&labels), style: style(mode, contour, n % 2 == 0) };
                let frame = SliceFrame::new(view, Arc::clone(&image), vec![below, layer]);
                let what = format!("{interpolation:?} {sx}x{sy} at {ox},{oy} {mode:?} {contour:?}");
                assert_twins(&draw_one(&state, &frame), &frame.render(), interpolation, &what);
            }
        }
    }
}

#[test]
fn the_comparison_can_fail() {
    let Some(state) = render_state() else { return };
    let _context = Context::new(&state).unwrap();
    let (image, labels) = made_up(64, 48);
    let view = SliceView::new([128, 96]).placed([2.0; 2], [0.0; 2]).windowed(0.0, 390.0).interpolated(Interpolation::Nearest);
    let layer = Layer { labels, style: style(OverlayMode::Hatch, Contour::Voxels, true) };
    let drawn = draw_one(&state, &SliceFrame::new(view, Arc::clone(&image), vec![layer]));
    let without = SliceFrame::new(view, image, vec![]).render();
    let caught = std::panic::catch_unwind(|| assert_twins(&drawn, &without, Interpolation::Nearest, "expected to differ"));
    assert!(caught.is_err());
}

#[test]
fn several_panes_and_sizes_live_side_by_side() {
    let Some(state) = render_state() else { return };
    let _context = Context::new(&state).unwrap();
    let frame = |w: usize, h: usize, pane: [u32; 2]| {
        let (image, labels) = made_up(w, h);
        let view = SliceView::new(pane).fitted([w, h], [0.8, 0.9]).windowed(40.0, 360.0).interpolated(Interpolation::Nearest);
        SliceFrame::new(view, image, vec![Layer { labels, style: style(OverlayMode::Fill, Contour::Voxels, true) }])
    };
    let panes = [
        (PaneId(1), frame(1, 1, [40, 33]), [0, 0]),
        (PaneId(2), frame(33, 71, [151, 99]), [41, 0]),
        (PaneId(3), frame(255, 3, [77, 101]), [200, 100]),
    ];
    for _ in 0..2 {
        let window = draw(&state, [300, 211], &panes);
        for (id, frame, [x, y]) in &panes {
            let [w, h] = frame.view().size().map(|n| n as usize);
            let cut: Vec<_> =
                (0..h).flat_map(|v| (0..w).map(move |u| (u, v))).map(|(u, v)| window[(v + *y as usize) * 300 + u + *x as usize]).collect();
            assert_twins(&cut, &frame.render(), Interpolation::Nearest, &format!("{id:?}"));
        }
    }
    // The same pane with a slice of another size.
    let other = frame(90, 20, [151, 99]);
    assert_twins(&draw(&state, [151, 99], &[(PaneId(2), other.clone(), [0, 0])]), &other.render(), Interpolation::Nearest, "resized");
}

#[test]
fn strokes_send_only_their_rectangle() {
    let Some(state) = render_state() else { return };
    let context = Context::new(&state).unwrap();
    let affine = Affine::from_columns([[-0.9, 0., 0.], [0., 0., 0.9], [0., 3.5, 0.]], [0.; 3]).unwrap();
    let grid = Arc::new(Grid::new([131, 97, 9], affine).unwrap());
    let mut labels = Labels::empty(Arc::clone(&grid));
    let plane = SlicePlane::acquisition(grid.world_from_voxel(), grid.shape());
    let mut cut = Arc::new(SliceLabels::extract(&labels, &plane, 4).unwrap());
    let (image, _) = made_up(131, 97);
    let view = SliceView::new([400, 301]).placed([3.0, 3.0], [2.0, -7.0]).windowed(40.0, 360.0).interpolated(Interpolation::Nearest);
    let paint = Arc::new(OverlayStyle::paint(&LabelScheme::marrow()));
    let mut largest = 0;
    for stroke in 0..50_usize {
        let lo = [stroke * 37 % 120, stroke * 23 % 90, 2];
        let dirty = VoxelBox { lo, hi: [lo[0] + 9, lo[1] + 6, 7] };
        for (k, j) in (2..7).flat_map(|k| (lo[1]..lo[1] + 6).map(move |j| (k, j))) {
            (lo[0]..lo[0] + 9).for_each(|i| labels.set([i, j, k], (stroke % 4) as u8));
        }
        let changed = Arc::make_mut(&mut cut).update(&labels, dirty);
        // Some frames are skipped: several strokes then arrive as one rectangle.
        if stroke % 3 == 1 {
            continue;
        }
        let before = context.sent_bytes();
        let frame = SliceFrame::new(view, Arc::clone(&image), vec![Layer { labels: Arc::clone(&cut), style: Arc::clone(&paint) }]);
        assert_twins(&draw_one(&state, &frame), &frame.render(), Interpolation::Nearest, &format!("stroke {stroke} {changed:?}"));
        if stroke > 0 && stroke % 3 == 0 {
            largest = largest.max(context.sent_bytes() - before);
        }
    }
    assert!(largest > 0 && largest <= 54, "a stroke of 9 × 6 pixels sent {largest} bytes");
}

#[test]
fn labels_of_another_size_are_cut_or_padded() {
    let Some(state) = render_state() else { return };
    let _context = Context::new(&state).unwrap();
    let (image, large) = made_up(60, 40);
    for (w, h) in [(60, 40), (30, 44), (71, 20), (60, 40)] {
        let (_, labels) = made_up(w, h);
        for contour in [Contour::Voxels, Contour::Rounded] {
            let layers = [&large, &labels].map(|l| Layer { labels: Arc::clone(l), style: style(OverlayMode::Fill, contour, true) });
            let view = SliceView::new([260, 190]).placed([4.0, 4.0], [9.0, 11.0]).windowed(0.0, 390.0).interpolated(Interpolation::Nearest);
            let frame = SliceFrame::new(view, Arc::clone(&image), layers.to_vec());
            assert_twins(&draw_one(&state, &frame), &frame.render(), Interpolation::Nearest, &format!("{w} × {h} {contour:?}"));
        }
    }
}

/// The whole way through egui: the shader's canvas and the CPU's canvas paint the same window.
#[test]
fn both_canvases_paint_the_same_window() {
    let Some(state) = render_state() else { return };
    let Some(other) = render_state() else { return };
    let (image, labels) = made_up(129, 87);
    let layer = Layer { labels, style: Arc::new(OverlayStyle::paint(&LabelScheme::marrow())) };
    let paint = |state: &RenderState, mut canvas: Canvas| {
        let (image, layer) = (Arc::clone(&image), layer.clone());
        let view = SliceView::new([1, 1]).placed([3.3, 3.3], [-20.0, 4.0]).windowed(31.0, 389.5);
        let mut harness = egui_kittest::Harness::builder()
            .with_size(egui::vec2(320.0, 240.0))
            .with_pixels_per_point(1.25)
            .renderer(egui_kittest::wgpu::WgpuTestRenderer::from_render_state(state.clone()))
            .build_ui(move |ui| {
                let rect = egui::Rect::from_min_size(egui::pos2(11.3, 9.1), egui::vec2(250.2, 171.7));
                canvas.paint(ui.painter(), rect, PaneId(1), view, &image, std::slice::from_ref(&layer));
            });
        harness.run();
        harness.render().unwrap().pixels().map(|p| p.0).collect::<Vec<_>>()
    };
    assert_eq!(Canvas::new(Some(&other)).uses_shader(), Adapter::of(Some(&other)).is_hardware());
    let shader = paint(&state, Canvas::with_shader(&state).unwrap());
    let cpu = paint(&other, Canvas::new(None));
    assert!(shader.iter().filter(|p| p[2] > p[0].saturating_add(60)).count() > 500, "the labels must be seen");
    assert_twins(&shader, &cpu, Interpolation::Smooth, "canvas");
}

/// Strokes on the CPU path renew a part of the texture: the window must be what a fresh canvas paints.
#[test]
fn the_cpu_canvas_keeps_up_with_strokes() {
    let Some(state) = render_state() else { return };
    let grid = Arc::new(Grid::new([60, 44, 3], Affine::from_spacing(Spacing::UNIT)).unwrap());
    let plane = SlicePlane::as_stored(grid.shape());
    let mut labels = Labels::empty(Arc::clone(&grid));
    let (image, _) = made_up(60, 44);
    let styles = [OverlayStyle::paint(&LabelScheme::marrow()), OverlayStyle::bone_outline([230, 232, 234, 255])].map(Arc::new);
    let shown = Arc::new(std::sync::Mutex::new((Canvas::new(None), Arc::new(SliceLabels::extract(&labels, &plane, 1).unwrap()))));
    let view = SliceView::new([1, 1]).placed([3.7, 2.9], [-12.5, 8.25]).windowed(31.0, 389.5);
    let in_harness = Arc::clone(&shown);
    let mut harness = egui_kittest::Harness::builder()
        .with_size(egui::vec2(200.0, 140.0))
        .renderer(egui_kittest::wgpu::WgpuTestRenderer::from_render_state(state))
        .build_ui(move |ui| {
            let (canvas, cut) = &mut *in_harness.lock().unwrap();
            let layers = styles.clone().map(|style| Layer { labels: Arc::clone(cut), style });
            let rect = egui::Rect::from_min_size(egui::pos2(10.0, 10.0), egui::vec2(180.0, 120.0));
            canvas.paint(ui.painter(), rect, PaneId(1), view, &image, &layers);
        });
    for stroke in 0..12_usize {
        let lo = [stroke * 17 % 52, stroke * 11 % 38, 0];
        let dirty = VoxelBox { lo, hi: [lo[0] + 8, lo[1] + 6, 3] };
        for (j, i) in (lo[1]..lo[1] + 6).flat_map(|j| (lo[0]..lo[0] + 8).map(move |i| (j, i))) {
            labels.set([i, j, 1], ((stroke + 1) % 4) as u8);
        }
        Arc::make_mut(&mut shown.lock().unwrap().1).update(&labels, dirty);
        harness.run();
        let kept = harness.render().unwrap();
        // The fresh canvas has then seen a frame, so that the next stroke is a partial one for it.
        shown.lock().unwrap().0 = Canvas::new(None);
        harness.run();
        let fresh = harness.render().unwrap();
        assert!(kept == fresh, "stroke {stroke}: the kept texture is not what a fresh one shows");
    }
}

/// A made-up knee like `window.png`, written for a person to look at.
#[test]
fn a_picture_to_look_at() {
    let (width, height) = (170, 200);
    let bone = |x: f32, y: f32| {
        let femur = ((x - 85.0) / 52.0).powi(2) + ((y - 62.0) / 38.0).powi(2) < 1.0 || ((x - 85.0).abs() < 26.0 && y < 60.0);
        let tibia = ((x - 85.0) / 50.0).powi(4) + ((y - 128.0) / 22.0).powi(4) < 1.0 || ((x - 85.0).abs() < 20.0 && y > 120.0);
        u8::from(femur) + 2 * u8::from(tibia && !femur)
    };
    let level = |x: f32, y: f32| {
        let d = |cx: f32, cy: f32, r: f32| ((x - cx).powi(2) + (y - cy).powi(2)).sqrt() + 3.0 * ((x * 0.6).sin() + (y * 0.5).cos()) < r;
        if d(70., 60., 5.) {
            3
        } else if d(68., 60., 11.) {
            2
        } else {
            u8::from(d(74., 56., 26.) || d(100., 132., 18.) || d(88., 180., 14.))
        }
    };
    let at = |n: usize| ((n % width) as f32, (n / width) as f32);
    let all = 0..width * height;
    let values = all.clone().map(|n| {
        let (x, y) = at(n);
        let base: f32 = if bone(x, y) > 0 { 60.0 } else { 90.0 };
        base + 60.0 * noise(n) + [0.0, 30.0, 60.0, 140.0][usize::from(level(x, y))]
    });
    let image = Arc::new(SliceImage::from_values([width, height], values.collect()).unwrap());
    let cut = |f: &dyn Fn(f32, f32) -> u8| {
        let values = all.clone().map(|n| f(at(n).0, at(n).1)).collect();
        Arc::new(SliceLabels::from_values([width, height], values).unwrap())
    };
    let scheme = LabelScheme::marrow();
    let marrow = Layer { labels: cut(&level), style: Arc::new(OverlayStyle::paint(&scheme)) };
    let shifted = |x: f32, y: f32| if level(x, y) == 0 { level(x - 9.0, y - 6.0) } else { 0 };
    let proposal = Layer { labels: cut(&shifted), style: Arc::new(OverlayStyle::proposal(&scheme)) };
    let bones = Layer { labels: cut(&bone), style: Arc::new(OverlayStyle::bone_outline([230, 232, 234, 255])) };
    let pattern = Layer { labels: cut(&level), style: Arc::new(OverlayStyle::patterned(&scheme)) };
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let state = render_state();
    let _context = state.as_ref().map(|s| Context::new(s).unwrap());
    let view = SliceView::new([640, 760]).fitted([width, height], [1.0; 2]).windowed(50.0, 389.0);
    for (name, layers) in [("slice", vec![proposal.clone(), marrow, bones.clone()]), ("pattern", vec![proposal, pattern, bones])] {
        let frame = SliceFrame::new(view, Arc::clone(&image), layers);
        let pixels = frame.render();
        let path = folder.join(format!("gpu_{name}.png"));
        image::save_buffer(&path, pixels.as_flattened(), 640, 760, image::ColorType::Rgba8).unwrap();
        println!("{}", path.display());
        assert!(
            pixels.contains(&[0x40, 0xe0, 0xd0, 255])
                && pixels.contains(&[0xfa, 0xdc, 0x46, 255])
                && pixels.contains(&[0xe6, 0xe8, 0xea, 255])
        );
        if let Some(state) = &state {
            assert_twins(&draw_one(state, &frame), &pixels, Interpolation::Smooth, name);
        }
    }
}

/// The twin must serve a large pane of a large slice; the bound is loose, as test machines are shared.
#[test]
fn the_twin_is_fast() {
    let (image, labels) = made_up(512, 512);
    let styles = [style(OverlayMode::Fill, Contour::Voxels, true), style(OverlayMode::Hatch, Contour::Voxels, true)];
    let outline = OverlayStyle::bone_outline([230, 232, 234, 255]);
    // As many labels as a usual read has: a tenth of the slice, in one piece.
    let within = |n: usize| (n % 512).abs_diff(250).pow(2) + (n / 512).abs_diff(200).pow(2) < 92 * 92;
    let few = SliceLabels::from_values([512, 512], (0..512 * 512).map(|n| u8::from(within(n))).collect()).unwrap();
    for interpolation in [Interpolation::Nearest, Interpolation::Smooth] {
        for (name, layers) in [
            ("bare", vec![]),
            ("two usual layers", vec![(&few, &*styles[0]), (&few, &*styles[1])]),
            ("two usual and outline", vec![(&few, &*styles[0]), (&few, &*styles[1]), (&few, &outline)]),
            ("two full layers", vec![(&*labels, &*styles[0]), (&*labels, &*styles[1])]),
            ("two full and outline", vec![(&*labels, &*styles[0]), (&*labels, &*styles[1]), (&*labels, &outline)]),
        ] {
            let view = SliceView::new([1200, 900]).fitted([512, 512], [1.0; 2]).windowed(40.0, 360.0).interpolated(interpolation);
            let mut times: Vec<_> = (0..11)
                .map(|_| {
                    let start = std::time::Instant::now();
                    assert_eq!(twin::render(&view, &image, &layers).len(), 1200 * 900);
                    start.elapsed()
                })
                .collect();
            times.sort_unstable();
            println!("512² to 1200 × 900, {interpolation:?}, {name}: best {:?}, median {:?}", times[0], times[5]);
            assert!(times[0].as_millis() < 150, "{times:?}");
        }
    }
    let grid = Arc::new(Grid::new([512, 512, 60], Affine::from_spacing(Spacing::UNIT)).unwrap());
    let volume = osteon::volume::Image::new(Arc::clone(&grid), vec![1.5; grid.voxel_count()]).unwrap();
    let mut map = Labels::empty(Arc::clone(&grid));
    (0..512 * 512).filter(|n| n % 3 == 0).for_each(|n| map.set([n % 512, n / 512, 30], 1));
    for axis in 0..3 {
        let plane = SlicePlane::new(grid.world_from_voxel(), grid.shape(), axis);
        let cut = |_| {
            let start = std::time::Instant::now();
            SliceImage::extract(&volume, &plane, 30).unwrap();
            let image_time = start.elapsed();
            SliceLabels::extract(&map, &plane, 30).unwrap();
            (image_time, start.elapsed() - image_time)
        };
        let times: Vec<_> = (0..9).map(cut).collect();
        let (image_time, labels_time) = (times.iter().map(|t| t.0).min().unwrap(), times.iter().map(|t| t.1).min().unwrap());
        println!("cut across axis {axis}: image {image_time:?}, labels {labels_time:?}");
        assert!((image_time + labels_time).as_millis() < 60, "{times:?}");
    }
}
