use super::*;

/// A file with this header and this many bytes of data.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; data]].concat()
}

fn entry(dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}"#)
}

#[test]
fn files_that_are_no_safetensors_are_named_for_what_they_are() {
    let good = safetensors(&[counting("a", &[4]), counting("b", &[4])]);
    let one = |entry: String| format!(r#"{{"x":{entry}}}"#);
    let two = |a: String, b: String| format!(r#"{{"a":{a},"b":{b}}}"#);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![], "this file is empty"),
        (b"PK\x03\x04archive/data.pkl".to_vec(), "this is a Python pickle (.ckpt, .bin, .pt), expected safetensors"),
        (b"\x80\x02}q\x00(X\x05\x00\x00\x00".to_vec(), "this is a Python pickle"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n".to_vec(), "this is a Git LFS pointer"),
        (b"\n<!DOCTYPE html><html>".to_vec(), "this is a web page"),
        (b"Entry not found".to_vec(), "this is a text file"),
        ("é".repeat(400).into_bytes(), "this is a text file"),
        (b"GGUF\x03\0\0\0\0\0\0\0".to_vec(), "this is a GGUF file"),
        (vec![1, 2, 3], "this file has only 3 bytes"),
        (vec![0xff; 64], "no JSON header at byte 8"),
        ([&u64::MAX.to_le_bytes()[..], b"{}"].concat(), "the header claims 18446744073709551615 bytes, more than the format's limit"),
        (
            [&500_u64.to_le_bytes()[..], b"{}"].concat(),
            "the header claims 500 bytes and the file has only 2 after it; the file is truncated",
        ),
        (with_header("{\"a\": nothing}", 0), "the header is not valid JSON"),
        (with_header("{\"__metadata__\": 3}", 0), "the header is not valid"),
        (with_header(&one(entry("Q4_K", "[2]", "[0,8]")), 8), "tensor \"x\" has the number type \"Q4_K\", which safetensors does not have"),
        (with_header(&one(entry("F32", "[-2]", "[0,8]")), 8), "tensor \"x\" has no valid shape"),
        (with_header(&one(entry("F32", "[2]", "[0]")), 8), "tensor \"x\" has no valid data_offsets"),
        (with_header(&one(entry("F32", "[3]", "[0,8]")), 8), "tensor \"x\" has the bytes 0 to 8, which do not hold the shape [3] of F32"),
        (with_header(&one(entry("F32", "[4294967296,4294967296]", "[0,8]")), 8), "which do not hold the shape"),
        (with_header(&two(entry("F32", "[2]", "[0,8]"), entry("F32", "[2]", "[4,12]")), 16), "tensor \"b\" overlaps the one before it"),
        (with_header(&two(entry("F32", "[2]", "[0,8]"), entry("F32", "[2]", "[12,20]")), 20), "tensor \"b\" leaves a gap before it"),
        (
            with_header(&two(entry("F32", "[2]", "[0,8]"), entry("F32", "[2]", "[12,20]")), 8),
            "tensor \"b\" lies at bytes 12 to 20, outside the 8",
        ),
        (good[..good.len() - 5].to_vec(), "this file is truncated: the header describes 32 bytes of tensors and there are 27"),
        ([&good[..], b"tail"].concat(), "this file is longer than its tensors: the header describes 32 bytes of tensors and there are 36"),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (index, (bytes, expected)) in cases.into_iter().enumerate() {
        let path = dir.path().join(format!("{index}.safetensors"));
        std::fs::write(&path, bytes).unwrap();
        let message = SafetensorsFile::open(&path).unwrap_err().to_string().replace(&format!(": {}", path.display()), "");
        assert!(message.contains(expected), "{message}\nlacks\n{expected}");
        assert!(message.matches("; ").count() == 1, "one sentence and one hint: {message}");
    }
}

/// Eight tensors of 2⁶¹−1 bytes each: together with the header they overflow 64 bits.
#[test]
fn sizes_that_overflow_are_refused() {
    let size = (1_u64 << 61) - 1;
    let tensor =
        |index| format!(r#""t{index}":{}"#, entry("U8", &format!("[{size}]"), &format!("[{},{}]", index * size, (index + 1) * size)));
    let header = format!("{{{}}}", (0..8_u64).map(tensor).collect::<Vec<_>>().join(","));
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "x.safetensors", with_header(&header, 8));
    assert!(SafetensorsFile::open(&dir.path().join("x.safetensors")).is_err());
}

#[test]
fn other_files_given_as_a_checkpoint_are_recognised() {
    let cases = [
        (&["lora_unet_mid_block.lora_down.weight"][..], "this is a LoRA, expected a checkpoint"),
        (&["unet.down_blocks.0.to_q.lora_A.weight"], "this is a LoRA"),
        (&["control_model.input_blocks.0.0.weight"], "this is a ControlNet"),
        (&["model.diffusion_model.joint_blocks.0.x"], "this is Stable Diffusion 3"),
        (&["double_blocks.0.img_attn.qkv.weight"], "this is Flux"),
        (&["conv_in.weight", "down_blocks.0.resnets.0.conv1.weight"], "this is a U-Net alone"),
        (&["encoder.conv_in.weight", "decoder.conv_in.weight"], "this is an autoencoder alone"),
        (&["first_stage_model.decoder.conv_in.weight"], "this is an autoencoder alone"),
        (&["text_model.final_layer_norm.bias"], "this is a text encoder alone"),
        (&["emb_params"], "this is a textual inversion embedding"),
        (&["something.else"], "this is a safetensors file without the names of a checkpoint"),
        (&["model.diffusion_model.out.2.bias"], "this is a checkpoint without its autoencoder"),
        (&["model.diffusion_model.out.2.bias", "first_stage_model.quant_conv.bias"], "without a text encoder"),
        (
            &["model.diffusion_model.out.2.bias", "first_stage_model.quant_conv.bias", "conditioner.embedders.0.model.ln_final.bias"],
            "an SDXL refiner",
        ),
        (&["model.diffusion_model.out.2.bias", "first_stage_model.quant_conv.bias", "edm_mean"], "the noise levels of EDM"),
        (&["model.diffusion_model.out.2.bias", "edm_vpred.sigma_max"], "the noise levels of EDM"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    for (names, expected) in cases {
        let tensors: Vec<TestTensor> = names.iter().map(|name| counting(*name, &[1])).collect();
        std::fs::write(&path, safetensors(&tensors)).unwrap();
        let message = open_error(&path);
        assert!(message.contains(expected), "{message}\nlacks\n{expected}");
    }
    assert!(open_error(&dir.path().join("absent.safetensors")).contains("cannot read this file"));
}
