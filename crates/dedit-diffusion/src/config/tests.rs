use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn file(value: &Value) -> ConfigFile {
    ConfigFile::parse(&value.to_string(), Path::new("unet/config.json")).unwrap()
}

#[test]
fn absent_keys_take_the_defaults_of_the_libraries() {
    let empty = file(&json!({}));
    let unet = UnetConfig::from_file(&empty).unwrap();
    assert_eq!(unet.block_out_channels, [320, 640, 1280, 1280]);
    assert_eq!(unet.num_attention_heads, [8; 4]);
    assert_eq!(unet.down_block_types, [BlockKind::CrossAttention, BlockKind::CrossAttention, BlockKind::CrossAttention, BlockKind::Plain]);
    assert_eq!(unet.up_block_types[0], BlockKind::Plain);
    assert_eq!((unet.mid_block_type, unet.text_time, unet.flip_sin_to_cos), (MidBlock::CrossAttention, None, true));
    let vae = VaeConfig::from_file(&empty).unwrap();
    assert_eq!((vae.block_out_channels.as_slice(), vae.use_quant_conv, vae.pixels_per_latent()), (&[64][..], true, 1));
    let text = ClipTextConfig::from_file(&empty).unwrap();
    assert_eq!((text.hidden_size, text.eos_token_id, text.hidden_act, text.with_projection), (512, 49407, HiddenAct::QuickGelu, false));
}

#[test]
fn numbers_for_each_level_may_be_lists() {
    let config = json!({
        "block_out_channels": [64, 128], "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "attention_head_dim": [1, 2], "transformer_layers_per_block": [1, 10],
        "cross_attention_dim": 2048, "mid_block_type": null, "addition_embed_type": "text_time", "an_unknown_key": {"x": 1},
    });
    let unet = UnetConfig::from_file(&file(&config)).unwrap();
    assert_eq!((unet.num_attention_heads.as_slice(), unet.transformer_layers_per_block.as_slice()), (&[1, 2][..], &[1, 10][..]));
    assert_eq!((unet.cross_attention_dim.as_slice(), unet.mid_block_type), (&[2048; 2][..], MidBlock::Absent));
    assert_eq!(unet.text_time.unwrap().projection_class_embeddings_input_dim, 2816);
    let mut named = config;
    named["num_attention_heads"] = json!([4, 8]);
    assert_eq!(UnetConfig::from_file(&file(&named)).unwrap().num_attention_heads, [4, 8]);
}

#[test]
fn unsupported_values_name_the_file_the_key_and_the_value() {
    type Read = fn(&ConfigFile) -> String;
    fn message<T>(result: crate::Result<T>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }
    let unet: Read = |file| message(UnetConfig::from_file(file));
    let vae: Read = |file| message(VaeConfig::from_file(file));
    let text: Read = |file| message(ClipTextConfig::from_file(file));
    let cases: &[(Read, Value, &str)] = &[
        (unet, json!({"class_embed_type": "timestep"}), "\"class_embed_type\" is \"timestep\", supported is null"),
        (unet, json!({"act_fn": "mish"}), "\"act_fn\" is \"mish\", supported is \"silu\" or \"swish\""),
        (unet, json!({"_class_name": "SD3Transformer2DModel"}), "supported is \"UNet2DConditionModel\""),
        (unet, json!({"layers_per_block": "two"}), "\"layers_per_block\" is \"two\", which cannot be used"),
        (unet, json!({"layers_per_block": 0}), "\"layers_per_block\" is 0, supported is a whole number from 1"),
        (unet, json!({"in_channels": -4}), "\"in_channels\" is -4, which cannot be used"),
        (
            unet,
            json!({"transformer_layers_per_block": [1, 2]}),
            "\"transformer_layers_per_block\" is [1,2], supported is a number, or a list of 4",
        ),
        (unet, json!({"attention_head_dim": 7}), "\"attention_head_dim\" is 7, supported is numbers of heads that divide"),
        (unet, json!({"down_block_types": ["AttnDownBlock2D"]}), "\"down_block_types\" is [\"AttnDownBlock2D\"]"),
        (unet, json!({"block_out_channels": []}), "\"block_out_channels\" is [], supported is a list of one to eight numbers"),
        (vae, json!({"latents_mean": [0.0]}), "\"latents_mean\" is [0.0], supported is a list of 4 numbers"),
        (vae, json!({"scaling_factor": 0}), "\"scaling_factor\" is 0"),
        (vae, json!({"norm_num_groups": 48}), "\"norm_num_groups\" is 48, supported is a number that divides"),
        (text, json!({"hidden_act": "relu"}), "\"hidden_act\" is \"relu\", supported is \"quick_gelu\" or \"gelu\""),
        (text, json!({"num_attention_heads": 7}), "\"num_attention_heads\" is 7, supported is a divisor of \"hidden_size\", 512"),
        (text, json!({"layer_norm_eps": 2}), "\"layer_norm_eps\" is 2, supported is a number from"),
    ];
    for (read, config, expected) in cases {
        let message = read(&file(config));
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("unet/config.json"), "{message}");
    }
    assert!(
        ConfigFile::parse("[1]", Path::new("x.json")).unwrap_err().to_string().contains("expected a JSON object, found a list: x.json")
    );
}
