//! A libtorch with CUDA that has appeared since this program was built for CPUs, such as an environment activated later.
use std::path::{Path, PathBuf};
use std::process::Command;

use odin_core::tasks::Finding;

/// The series that tch is for, as `version.py` of a torch package says it.
const SERIES: &str = "'2.11.";
/// Finds the package without loading it, which would take seconds.
const ASK: &str = "import importlib.util as u; s = u.find_spec('torch'); print(next(iter(s.submodule_search_locations)) if s else '')";

/// The first that a Python of the PATH has, and how to build against it.
pub(super) fn finding() -> Option<Finding> {
    let folder = ["python3", "python"].into_iter().find_map(|python| {
        let asked = Command::new(python).args(["-c", ASK]).output().ok()?;
        let folder = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
        has_cuda(&folder).then_some(folder)
    })?;
    Some(tell(&folder, has_driver()))
}

fn tell(folder: &Path, has_driver: bool) -> Finding {
    let shown = folder.display().to_string();
    let quoted = if shown.contains(|c: char| c.is_whitespace() || "'\"$&;()".contains(c)) {
        format!("'{}'", shown.replace('\'', r"'\''"))
    } else {
        shown.clone()
    };
    let found = format!("{shown} has libtorch with CUDA");
    let take = format!(
        "`LIBTORCH={quoted} make build` where odin was built takes it (`make install` if it is installed)"
    );
    if has_driver {
        Finding::unwell("GPU", found, take)
    } else {
        Finding::well(
            "GPU",
            format!("{found}; of use once there is an NVIDIA driver: {take}"),
        )
    }
}

fn has_cuda(folder: &Path) -> bool {
    let version = std::fs::read_to_string(folder.join("version.py")).unwrap_or_default();
    folder.join("include").is_dir()
        && folder.join("lib/libtorch_cuda.so").exists()
        && version.contains(SERIES)
}

fn has_driver() -> bool {
    ["/proc/driver/nvidia/version", "/dev/dxg"]
        .iter()
        .any(|path| Path::new(path).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torch_with_cuda_is_named_with_the_command_that_takes_it() {
        let scratch = tempfile::tempdir().unwrap();
        let torch = scratch.path().join("site packages/torch");
        std::fs::create_dir_all(torch.join("lib")).unwrap();
        std::fs::create_dir_all(torch.join("include")).unwrap();
        std::fs::write(torch.join("version.py"), "__version__ = '2.11.0+cu130'\n").unwrap();
        assert!(!has_cuda(&torch), "one for CPUs is no better");
        std::fs::write(torch.join("lib/libtorch_cuda.so"), "").unwrap();
        assert!(has_cuda(&torch));
        let advice = tell(&torch, true).advice.unwrap();
        assert!(
            advice.contains(&format!("LIBTORCH='{}' make build", torch.display())),
            "{advice}"
        );
        assert!(
            tell(&torch, false).advice.is_none(),
            "without a driver nothing is wrong"
        );
        std::fs::write(torch.join("version.py"), "__version__ = '2.10.0+cu130'\n").unwrap();
        assert!(!has_cuda(&torch));
    }
}
