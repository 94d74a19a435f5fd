//! Slices as a net takes them in, and labels there and back.

use super::*;
use crate::learn::ModelSpec;
use crate::space::Affine;

fn image() -> Image {
    let affine = Affine::from_columns([[-1.0, 0., 0.], [0., 0., 0.5], [0., 3.0, 0.]], [0.; 3]).unwrap();
    let grid = Arc::new(Grid::new([14, 30, 4], affine).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count()).map(|n| (n % 97) as f32).collect();
    Image::new(grid, values).unwrap()
}

fn spec(mm: Option<[f64; 2]>, neighbours: usize) -> CheckedSpec {
    ModelSpec { spacing_mm: mm, neighbours, ..ModelSpec::new("water", "marrow", 3, "R1") }.check().unwrap()
}

#[test]
fn probabilities_are_smoothed_in_millimetres_and_still_add_up_to_one() {
    let grid = Grid::new([9, 7, 2], Affine::from_columns([[0.5, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]], [0.0; 3]).unwrap()).unwrap();
    let image = Image::new(Arc::new(grid), vec![1.0; 126]).unwrap();
    let of = |smoothing_mm: f64| {
        let spec = ModelSpec { smoothing_mm, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let prepared = PreparedSlices::new(&spec, &Recipe::default(), &[&image], 2).unwrap();
        let (width, height) = (prepared.size()[0], prepared.size()[1]);
        let mut values = [1.0, 0.0].repeat(width * height);
        let middle = (height / 2 * width + width / 2) * 2;
        values[middle..middle + 2].copy_from_slice(&[0.0, 1.0]);
        (prepared.smoothed(values, 2), width, middle)
    };
    let (plain, width, middle) = of(0.0);
    assert_eq!((plain[middle + 1], plain[middle + 3]), (1.0, 0.0));
    let (smooth, ..) = of(0.7);
    assert!(smooth.chunks_exact(2).all(|p| (p[0] + p[1] - 1.0).abs() < 1e-5));
    // A pixel further along the finer axis is half as far away: exp(-0.5 (0.5 / 0.7)²) of the middle, against exp(-0.5 (1 / 0.7)²).
    let near = |value: f32, mm: f64| (f64::from(value / smooth[middle + 1]) - (-0.5 * (mm / 0.7_f64).powi(2)).exp()).abs() < 1e-3;
    let (beside, below) = (smooth[middle + 3], smooth[middle + 1 + width * 2]);
    assert!((near(beside, 0.5) && near(below, 1.0)) || (near(beside, 1.0) && near(below, 0.5)), "{beside} {below}");
}

#[test]
fn labels_come_back_where_they_were() {
    let image = image();
    let mut labels = Labels::empty(image.grid().clone());
    for (i, j) in (3..9).flat_map(|i| (10..22).map(move |j| (i, j))) {
        labels.set([i, j, 2], 1 + (j / 16) as u8);
    }
    for (mm, same) in [(None, true), (Some([1.02, 0.51]), true), (Some([0.5, 0.5]), false)] {
        let prepared = PreparedSlices::new(&spec(mm, 1), &Recipe::default(), &[&image], 2).unwrap();
        assert_eq!(prepared.size() == [14, 30], same);
        let example = prepared.example(2, &labels, |v| v[0] != 0).unwrap();
        assert_eq!(example.channels(), 3);
        // Sure probabilities of the example's own labels.
        let p: Vec<f32> = example.labels().iter().flat_map(|&l| (0..4).map(move |c| f32::from(u8::from(c == l)))).collect();
        let mut back = Labels::empty(image.grid().clone());
        prepared.write_labels(2, &p, 4, &mut back);
        let wrong = (0..14).flat_map(|i| (0..30).map(move |j| [i, j, 2])).filter(|v| back.get(*v) != labels.get(*v)).count();
        assert_eq!(wrong, 0, "{mm:?}");
        // The maps lie where the labels do.
        let mut maps = vec![vec![0.0; image.grid().voxel_count()]; 3];
        prepared.write_probabilities(2, &p, 4, &mut maps);
        let misplaced = (0..image.grid().voxel_count()).filter(|&n| {
            let label = usize::from(back.get(image.grid().voxel(n)));
            label > 0 && maps[label - 1][n] < 0.5
        });
        assert_eq!(misplaced.count(), 0, "{mm:?}");
        assert!(maps.iter().flatten().any(|p| *p > 0.5));
    }
}

/// Where the middle of label 1 lies among 96 × 96 pixels, and how many of them it fills; `size` pixels hold the labels.
fn middle(size: usize, label: impl Fn([usize; 2]) -> u8) -> ([f64; 2], f64) {
    let scale = 96.0 / size as f64;
    let all = (0..size * size).map(|n| [n % size, n / size]);
    let of: Vec<[usize; 2]> = all.filter(|at| label(*at) == 1).collect();
    let mean = |a: usize| of.iter().map(|at| (at[a] as f64 + 0.5) * scale - 0.5).sum::<f64>() / of.len() as f64;
    ([mean(0), mean(1)], of.len() as f64 * scale * scale)
}

/// A pixel that covered an even number of voxels once had the label of the one right of and below its middle: all that was learnt,
/// and with it all that was proposed, lay half a voxel off.
#[test]
fn larger_pixels_move_nothing_and_keep_its_size() {
    let affine = Affine::from_columns([[0.5, 0., 0.], [0., 0.5, 0.], [0., 0., 3.]], [0.; 3]).unwrap();
    let grid = Arc::new(Grid::new([96, 96, 1], affine).unwrap());
    let image = Image::new(grid.clone(), vec![1.0; 96 * 96]).unwrap();
    for larger in [1_usize, 2, 4, 6] {
        let size = 96 / larger;
        let prepared = PreparedSlices::new(&spec(Some([0.5 * larger as f64; 2]), 0), &Recipe::default(), &[&image], 2).unwrap();
        assert_eq!(prepared.size(), [size; 2]);
        // What the net is given, and what comes back on the image's grid: how far off, and how large.
        let mut sums = [[0.0; 3]; 2];
        // A disc in every place that it can have within a pixel.
        let places: Vec<f64> = (0..2 * larger).map(|n| 45.5 + 0.5 * n as f64).collect();
        for (x, y) in places.iter().flat_map(|x| places.iter().map(move |y| (*x, *y))) {
            let mut labels = Labels::empty(grid.clone());
            let disc = |v: &[usize; 3]| (v[0] as f64 - x).hypot(v[1] as f64 - y) < 30.2;
            (0..96 * 96).map(|n| [n % 96, n / 96, 0]).filter(disc).for_each(|v| labels.set(v, 1));
            let (here, area) = middle(96, |at| labels.get(prepared.plane.voxel(0, at)));
            let example = prepared.example(0, &labels, |_| true).unwrap();
            let sure: Vec<f32> = example.labels().iter().flat_map(|&l| [f32::from(1 - l), f32::from(l), 0.0, 0.0]).collect();
            let mut back = Labels::empty(grid.clone());
            prepared.write_labels(0, &sure, 4, &mut back);
            let given = middle(size, |at| example.labels()[at[1] * size + at[0]]);
            let written = middle(96, |at| back.get(prepared.plane.voxel(0, at)));
            for (sum, (there, found)) in sums.iter_mut().zip([given, written]) {
                let off = [there[0] - here[0], there[1] - here[1]];
                assert!(larger > 2 || off.iter().all(|off| off.abs() < 0.1), "{larger} at {x} {y}: {off:?}");
                sum.iter_mut().zip([off[0], off[1], found / area - 1.0]).for_each(|(sum, found)| *sum += found);
            }
        }
        let mean = sums.map(|sum| sum.map(|sum| sum / places.len().pow(2) as f64));
        assert!(mean.iter().all(|[x, y, size]| x.abs().max(y.abs()) < 0.05 && size.abs() < 0.01), "{larger}: {mean:?}");
    }
}

#[test]
fn neighbours_beyond_the_end_are_the_last_slice() {
    let prepared = PreparedSlices::new(&spec(None, 1), &Recipe::default(), &[&image()], 2).unwrap();
    let planes = prepared.planes(0).unwrap();
    let thick = prepared.thick_planes(1).unwrap();
    let (one, two) = (prepared.planes(1).unwrap(), prepared.planes(2).unwrap());
    assert!((thick[5] - (0.5 * one[5] + 0.25 * (planes[5] + two[5]))).abs() < 1e-6);
    let pixels = 14 * 30;
    assert_eq!(planes[..pixels], planes[pixels..2 * pixels]);
    assert_ne!(planes[pixels..2 * pixels], planes[2 * pixels..]);
    assert!(matches!(prepared.planes(4), Err(LearnError::NoSuchSlice { slice: 4, slices: 4 })));
    assert!(matches!(PreparedSlices::new(&spec(None, 0), &Recipe::default(), &[], 2), Err(LearnError::Sequences { .. })));
}
