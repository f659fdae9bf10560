use super::*;

/// The words of each command; all must be known.
fn words_of(line: &str, variables: &mut Variables) -> Result<Vec<Vec<String>>, ShellError> {
    let words = |command: Command| {
        let text = |text: Text| {
            if text.known {
                Ok(text.text)
            } else {
                Err(ShellError::Unknown(text.text))
            }
        };
        command.words.into_iter().map(text).collect()
    };
    commands(line, variables)?.into_iter().map(words).collect()
}

fn words(line: &str) -> Vec<Vec<String>> {
    words_of(line, &mut Variables::default()).unwrap()
}

fn here() -> Variables {
    let environment = [("HOME", "/home/ada"), ("DATA", "/data sets"), ("EMPTY", "")];
    Variables::of(
        environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    )
}

#[test]
fn lines_come_apart_as_in_a_shell() {
    assert_eq!(words("a  'b c' \"d e\"f\\ g # h"), [["a", "b c", "d ef g"]]);
    assert_eq!(
        words("a && b; c & d\ne \\\n f"),
        [vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e", "f"]]
    );
    assert_eq!(
        words("p x > log 2>&1; q >>log; r &> log | tee x"),
        [vec!["p", "x"], vec!["q"], vec!["r"], vec!["tee", "x"]]
    );
    assert_eq!(words("a '' b"), [["a", "", "b"]]);
    assert_eq!(
        words("p x>log; p '>x' \">\""),
        [vec!["p", "x"], vec!["p", ">x", ">"]]
    );
    let piped = commands("a | b || c", &mut Variables::default()).unwrap();
    assert_eq!(
        piped.iter().map(|c| c.after).collect::<Vec<_>>(),
        [None, Some("|"), Some("||")]
    );
}

#[test]
fn variables_are_filled_in_where_they_are_known() {
    let mut variables = Variables::default();
    let all = commands("export N=2; M=x\nA=1 run $N ${M}y '$N' \"$M\"", &mut variables).unwrap();
    let last = all.last().unwrap();
    let texts: Vec<&str> = last.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(texts, ["run", "2", "xy", "$N", "x"]);
    assert_eq!(last.assignments, [("A".to_owned(), Text::known("1"))]);
    for unknown in ["run $Z", "run $(date)", "run `date`", "run ${Z:-1}"] {
        let error = words_of(unknown, &mut variables).unwrap_err();
        assert!(matches!(error, ShellError::Unknown(_)), "{unknown}: {error}");
    }
    assert_eq!(commands("a 'b", &mut variables), Err(ShellError::OpenQuote));
}

#[test]
fn the_environment_counts_and_is_told() {
    let mut variables = here();
    let cases = [
        (
            "run ~/x ~ a~ '~' \"~\" X=~",
            &["run", "/home/ada/x", "/home/ada", "a~", "~", "~", "X=/home/ada"][..],
            0,
        ),
        ("run $HOME/x \"${HOME}\"", &["run", "/home/ada/x", "/home/ada"], 0),
        ("run \"$DATA\" $DATA", &["run", "/data sets", "/data", "sets"], 2),
        ("run ${GPU:-0} ${DATA:+yes} ${GPU+no}", &["run", "0", "yes"], 3),
        ("run ${EMPTY:-d} ${EMPTY-d} \"$EMPTY\"", &["run", "d", ""], 3),
    ];
    for (line, expected, notes) in cases {
        assert_eq!(words_of(line, &mut variables).unwrap(), [expected], "{line}");
        let told = &commands(line, &mut variables).unwrap()[0].notes;
        assert_eq!(told.len(), notes, "{line}: {told:?}");
    }
    for unknown in [
        "run $GPU",
        "run ~bob/x",
        "run $PWD",
        "run $1",
        "run $?",
        "run ${DATA%/}",
        "run *.png",
        "run ${A[0]}",
    ] {
        assert!(words_of(unknown, &mut variables).is_err(), "{unknown}");
    }
    assert_eq!(
        expanded("~/a $HOME 'b'", &variables),
        Text::known("/home/ada/a /home/ada 'b'")
    );
    assert!(!expanded("$GPU", &variables).known);
}

#[test]
fn a_variable_may_hold_several_words_and_be_unset() {
    let mut variables = here();
    let line = "A='-x  1'; run $A \"$A\"; unset DATA; B=$(date); run";
    assert_eq!(
        words_of(line, &mut variables).unwrap()[1],
        ["run", "-x", "1", "-x  1"]
    );
    assert!(words_of("run $DATA", &mut variables).is_err());
    let error = words_of("run $B", &mut variables).unwrap_err();
    assert_eq!(error, ShellError::Unknown("$(date)".to_owned()));
}

#[test]
fn braces_are_several_words() {
    let cases = [
        ("net{10,100}", &["net10", "net100"][..]),
        ("{a,b}{1,2}", &["a1", "a2", "b1", "b2"]),
        ("{a,b{c,d}}", &["a", "bc", "bd"]),
        ("{0..3}", &["0", "1", "2", "3"]),
        (
            "{08..10} {3..1} {0..4..2} {a..c}",
            &["08", "09", "10", "3", "2", "1", "0", "2", "4", "a", "b", "c"],
        ),
        (
            "{} {x} '{a,b}' \\{a,b} a} {a",
            &["{}", "{x}", "{a,b}", "{a,b}", "a}", "{a"],
        ),
        ("$(seq 2) `seq 3 4`", &["1", "2", "3", "4"]),
    ];
    for (line, expected) in cases {
        let words = words(&format!("run {line}"));
        assert_eq!(words[0][1..], *expected, "{line}");
    }
    for bomb in [
        "{a,b}".repeat(30),
        format!("{}x{}", "{a,".repeat(500), "}".repeat(500)),
        "{".repeat(100_000),
    ] {
        assert_eq!(
            words_of(&bomb, &mut Variables::default()),
            Err(ShellError::TooMany)
        );
    }
}

#[test]
fn loops_over_words_are_run() {
    let text = "for n in a b; do\n  for d in 1 2; do run $n $d; done\ndone; end";
    assert_eq!(
        words(text),
        [
            vec!["run", "a", "1"],
            vec!["run", "a", "2"],
            vec!["run", "b", "1"],
            vec!["run", "b", "2"],
            vec!["end"]
        ]
    );
    let mut none = Variables::default();
    assert_eq!(
        commands("for n in a; do run", &mut none),
        Err(ShellError::OpenLoop)
    );
    assert!(matches!(
        commands("while true; do run; done", &mut none),
        Err(ShellError::Program(_))
    ));
    assert_eq!(
        words("for n in {1..2}; do run $n; done > log | tee x; end"),
        [vec!["run", "1"], vec!["run", "2"], vec!["tee", "x"], vec!["end"]]
    );
    let bomb = (0..9).fold("x".to_owned(), |body, n| {
        format!("for v{n} in 0 1 2 3 4 5 6 7 8 9; do {body}; done")
    });
    assert_eq!(commands(&bomb, &mut none), Err(ShellError::TooMany));
    let deep = "for a in b; do ".repeat(5000) + "x" + &"; done".repeat(5000);
    assert_eq!(commands(&deep, &mut none), Err(ShellError::TooMany));
    assert_eq!(
        commands(&"(".repeat(5000), &mut none),
        Err(ShellError::Program("(".to_owned()))
    );
}

#[test]
fn groups_are_run_with_their_own_variables_or_not() {
    let mut variables = Variables::default();
    let found = words_of(
        "A=1; (A=2; run $A) > log; { A=3; run $A; }; run $A; ! run",
        &mut variables,
    )
    .unwrap();
    let runs: Vec<String> = found
        .iter()
        .filter(|words| !words.is_empty())
        .map(|words| words.join(" "))
        .collect();
    assert_eq!(runs, ["run 2", "run 3", "run 3", "run"]);
    let after: Vec<_> = commands("a || (b; c); d", &mut variables)
        .unwrap()
        .iter()
        .map(|c| c.after)
        .collect();
    assert_eq!(after, [None, Some("||"), Some("||"), None]);
    assert!(commands("f() { run; }", &mut variables).is_err());
}
