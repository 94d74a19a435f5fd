"""What other programs make of our exports: `export_check.py seg SEG_DIR MASK_DIR SOURCE_DIR` or `export_check.py bids DIR`.

Exit status 0: they agree; 1: they do not, with the reason; 77: a program is missing.
"""

import glob
import json
import os
import subprocess
import sys


def missing(what):
    print(f"{what} is not installed", file=sys.stderr)
    sys.exit(77)


def check_seg(seg_dir, mask_dir, source_dir):
    try:
        import highdicom as hd
        import nibabel as nib
        import numpy as np
        import pydicom
        from pydicom.sr.codedict import codes
    except ImportError as error:
        missing(error.name)
    sources = {}
    for name in os.listdir(source_dir):
        dataset = pydicom.dcmread(os.path.join(source_dir, name), stop_before_pixels=True)
        sources[dataset.SOPInstanceUID] = dataset
    bones = {"Femur": codes.SCT.Femur, "Tibia": codes.SCT.Tibia, "Fibula": codes.SCT.Fibula, "Patella": codes.SCT.Patella}
    for path in sorted(glob.glob(os.path.join(seg_dir, "*.dcm"))):
        seg = hd.seg.segread(path)
        stem = os.path.basename(path)[: -len(".dcm")]
        mask = nib.load(os.path.join(mask_dir, stem + ".nii.gz"))
        labels = np.asarray(mask.dataobj)
        with open(os.path.join(mask_dir, stem + ".json")) as file:
            about = json.load(file)
        value_of = {entry["name"].replace("·", "-"): entry["value"] for entry in about["labels"]}
        ras_to_voxel = np.linalg.inv(mask.affine)
        assert seg.segmentation_type == hd.seg.SegmentationTypeValues.BINARY
        assert {n: seg.get_segment_description(n).segment_label for n in seg.segment_numbers} == {v: n for n, v in value_of.items()}
        assert seg.PatientID == next(iter(sources.values())).PatientID
        found = np.zeros_like(labels)
        orientation = [float(v) for v in seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient]
        spacing = [float(v) for v in seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing]
        frames = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
        for frame, group in zip(frames, seg.PerFrameFunctionalGroupsSequence):
            number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            description = seg.get_segment_description(number)
            value = value_of[description.segment_label]
            kind = description.segmented_property_type
            if about["layer"] == "marrow":
                assert (kind.scheme_designator, kind.value) == ("99OSTEON", f"MS{value}"), kind
                assert description.anatomic_regions[0] == codes.SCT.BoneMarrow
            else:
                word = description.segment_label.split()[0]
                assert kind == bones[word], (kind, word)
                assert description.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence
            assert description.algorithm_type.value == "MANUAL"
            image = group.DerivationImageSequence[0].SourceImageSequence[0]
            source = sources[image.ReferencedSOPInstanceUID]
            assert source.FrameOfReferenceUID == seg.FrameOfReferenceUID and source.StudyInstanceUID == seg.StudyInstanceUID
            position = [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]
            assert np.allclose(position, [float(v) for v in source.ImagePositionPatient], atol=1e-6)
            to_lps = hd.spatial.PixelToReferenceTransformer(position, orientation, spacing)
            rows, columns = np.nonzero(frame)
            assert len(rows) > 0, "a frame without a voxel"
            lps = to_lps(np.stack([columns, rows], axis=1))
            ras = np.concatenate([lps * [-1, -1, 1], np.ones((len(lps), 1))], axis=1)
            voxels = (ras @ ras_to_voxel.T)[:, :3]
            nearest = np.rint(voxels).astype(int)
            worst = np.abs((voxels - nearest) @ mask.affine[:3, :3].T).max()
            assert worst < 1e-3, f"{worst} mm off"
            found[tuple(nearest.T)] = value
        assert (found == labels).all(), f"{stem}: {np.count_nonzero(found != labels)} voxels differ"
        check_with_dciodvfy(path)
        print(f"{stem}: {np.count_nonzero(labels)} voxels in {len(frames)} frames at the same place")


def check_with_dciodvfy(path):
    """dicom3tools' checker of information objects; where it is not installed, highdicom alone has looked."""
    try:
        run = subprocess.run(["dciodvfy", path], capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        return
    errors = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("Error")]
    assert not errors, "\n".join(errors)


def check_bids(folder):
    try:
        run = subprocess.run(["bids-validator-deno", folder, "--json"], capture_output=True, text=True, timeout=300)
    except FileNotFoundError:
        missing("bids-validator-deno")
    report = json.loads(run.stdout)
    errors = [issue for issue in report["issues"]["issues"] if issue.get("severity") == "error"]
    assert run.returncode == 0 and not errors, json.dumps(errors, indent=1) + run.stderr
    print("BIDS: no errors")


if __name__ == "__main__":
    if sys.argv[1] == "seg":
        check_seg(*sys.argv[2:5])
    else:
        check_bids(sys.argv[2])
