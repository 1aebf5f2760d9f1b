//! Tables as Parquet files: the same rows as the CSV files, in columns that have a type.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::sync::Arc;

use arrow_csv::ReaderBuilder;
use arrow_csv::reader::Format;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::failure::Failure;

/// Rows that are in memory at once.
const ROWS_AT_ONCE: usize = 8_192;
/// What a column of numbers ends with; it has no whole numbers even where all happen to be.
const NUMBERS: [&str; 10] =
    ["_s", "_b", "_hz", "_ratio", "_mean", "_low", "_high", "_median", "_p50", "_p99"];
/// Columns of whole numbers.
const COUNTS: [&str; 14] = [
    "point",
    "point_a",
    "point_b",
    "replication",
    "replications",
    "order",
    "rank",
    "transfers",
    "streams",
    "buffers",
    "busiest_others",
    "arrived",
    "completed",
    "counted",
];

/// Writes each table of a folder as a Parquet file beside it.
///
/// # Errors
/// If a table cannot be read, or a file cannot be written.
pub(crate) fn write_parquet(folder: &Path) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::run(format!("reading {}", folder.display()), error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "csv") {
            let target = path.with_extension("parquet");
            converted(&path, &target)
                .map_err(|error| Failure::run(format!("writing {}", target.display()), error))?;
        }
    }
    Ok(())
}

fn converted(table: &Path, target: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = File::open(table)?;
    let (found, _) = Format::default().with_header(true).infer_schema(&mut file, None)?;
    file.rewind()?;
    let fields: Vec<Field> = found.fields().iter().map(|field| typed(field)).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = ReaderBuilder::new(Arc::clone(&schema))
        .with_header(true)
        .with_batch_size(ROWS_AT_ONCE)
        .build(file)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("podpath".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(File::create(target)?, schema, Some(properties))?;
    for batch in rows {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}

/// A column with the type that its name says; where that says none, what its cells look like
/// decides between a number, yes or no, and text.
fn typed(found: &Field) -> Field {
    let name = found.name().as_str();
    let of = match found.data_type() {
        _ if COUNTS.contains(&name) => DataType::Int64,
        DataType::Int64 | DataType::Float64 | DataType::Null
            if NUMBERS.iter().any(|ending| name.ends_with(ending)) =>
        {
            DataType::Float64
        }
        DataType::Boolean => DataType::Boolean,
        _ if is_text(name) => DataType::Utf8,
        DataType::Int64 | DataType::Float64 => DataType::Float64,
        _ => DataType::Utf8,
    };
    Field::new(name, of, true)
}

/// Names may look like numbers.
fn is_text(name: &str) -> bool {
    matches!(
        name,
        "experiment"
            | "topology"
            | "topology_a"
            | "topology_b"
            | "transfer"
            | "from"
            | "to"
            | "via"
    )
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::*;

    #[test]
    fn a_table_has_its_rows_in_typed_columns() {
        let folder = tempfile::tempdir().unwrap();
        let text = "experiment,point,topology,goodput_bit_s_mean,completion_s_mean,feasible\n\
                    e,0,10,1,0.25,true\ne,1,10,2.5,,false\n";
        std::fs::write(folder.path().join("summary.csv"), text).unwrap();
        write_parquet(folder.path()).unwrap();
        let file = File::open(folder.path().join("summary.parquet")).unwrap();
        let rows = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = rows.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].get_long(1).unwrap(), 1);
        assert_eq!(rows[0].get_string(2).unwrap(), "10");
        assert_eq!(rows[0].get_double(3).unwrap(), 1.0);
        assert_eq!(rows[0].get_double(4).unwrap(), 0.25);
        assert!(rows[1].get_double(4).is_err(), "it never arrives whole");
        assert!(!rows[1].get_bool(5).unwrap());
    }
}
