//! Unpacking the built-in model.

use std::fs;

use dedit_toys::model::{unknown_words, unpack};

#[test]
fn it_is_there_as_a_whole_whoever_unpacks_it() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| unpack(folder.path()).unwrap())).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert!(paths.iter().all(|path| *path == paths[0]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    let weights = paths[0].join("unet/diffusion_pytorch_model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..1000]).unwrap();
    fs::remove_file(paths[0].join("vae/config.json")).unwrap();
    assert_eq!(unpack(folder.path()).unwrap(), paths[0]);
    assert!(fs::read(&weights).unwrap() == whole && paths[0].join("vae/config.json").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(unpack(&file).is_err());
}

#[test]
fn words_it_was_never_shown_are_told() {
    for (prompt, unknown) in [
        ("a red ball on grass, blue sky", vec![]),
        ("A Golden [v]", vec!["golden"]),
        ("a leather handbag", vec!["leather", "handbag"]),
        ("", vec![]),
    ] {
        assert_eq!(unknown_words(prompt), unknown, "{prompt}");
    }
}
