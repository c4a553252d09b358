//! tmp
use faultlab::lessons::*;
#[test]
fn tmp() {
    let (name, text) = LESSONS[0];
    for r in lint(name, text) {
        println!("{r}");
    }
    let l = match read_lesson(name, text) {
        Ok(l) => l,
        Err(r) => {
            println!("{r}");
            return;
        }
    };
    let t = play(&l, Choices { answers: play::Answers::Wrong(0), solution: 0 });
    println!("{}", t.plain());
    println!("{:?}", t.troubles);
}
