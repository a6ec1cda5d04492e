//! The rows of the catalog by their numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::super::catalog::{
    AccessMethod, Attribute, Builtin, Catalog, ColumnOwned, Constraint, IndexRow, Inherits, Oid, OperatorClass,
    Relation, Sequence, Type,
};
use crate::dialect::postgres::ident;
use crate::model::QName;

/// `pg_class` as the class of an object.
pub(super) const CLASS: Oid = 1259;
/// `pg_constraint`.
pub(super) const CONSTRAINT: Oid = 2606;
/// `pg_type`.
pub(super) const TYPE: Oid = 1247;
/// `pg_catalog`.
const PG_CATALOG: Oid = 11;

/// Everything that is looked up by number.
pub(super) struct Lookup<'a> {
    namespaces: HashMap<Oid, &'a str>,
    extension_owned: HashSet<(Oid, Oid)>,
    relations: HashMap<Oid, &'a Relation>,
    attributes: HashMap<Oid, Vec<&'a Attribute>>,
    defaults: HashMap<(Oid, i16), &'a str>,
    constraints: HashMap<Oid, Vec<&'a Constraint>>,
    constraint_indexes: HashSet<Oid>,
    indexes: HashMap<Oid, Vec<&'a IndexRow>>,
    index_rows: HashMap<Oid, &'a IndexRow>,
    access_methods: HashMap<Oid, &'a AccessMethod>,
    operator_classes: HashMap<Oid, &'a OperatorClass>,
    default_classes: HashMap<(Oid, Oid), Oid>,
    types: HashMap<Oid, &'a Type>,
    collations: HashMap<Oid, String>,
    sequences: HashMap<Oid, &'a Sequence>,
    owned_sequences: HashMap<(Oid, i16), Vec<&'a ColumnOwned>>,
    sequence_owners: HashMap<Oid, &'a ColumnOwned>,
    comments: HashMap<(Oid, Oid, i64), &'a str>,
    parents: HashMap<Oid, Vec<&'a Inherits>>,
    partition_keys: HashMap<Oid, &'a str>,
}

/// Rows in groups, in the order in which they came.
fn grouped<T, K: std::hash::Hash + Eq>(rows: &[T], key: impl Fn(&T) -> K) -> HashMap<K, Vec<&T>> {
    let mut groups: HashMap<K, Vec<&T>> = HashMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

impl<'a> Lookup<'a> {
    pub(super) fn of(catalog: &'a Catalog, builtin: &'a Builtin) -> Self {
        let relations: HashMap<_, _> = catalog.relations.iter().map(|relation| (relation.oid, relation)).collect();
        let mut attributes = grouped(&catalog.attributes, |attribute| attribute.relation);
        attributes.values_mut().for_each(|columns| columns.sort_by_key(|column| column.number));
        let is_sequence = |owned: &&ColumnOwned| relations.get(&owned.object).is_some_and(|owned| owned.kind == 'S');
        let mut owned_sequences: HashMap<_, Vec<_>> = HashMap::new();
        let mut sequence_owners = HashMap::new();
        for owned in catalog.column_owned.iter().filter(is_sequence) {
            owned_sequences.entry((owned.relation, owned.column)).or_default().push(owned);
            sequence_owners.insert(owned.object, owned);
        }
        let classes = || builtin.operator_classes.iter().chain(&catalog.operator_classes);
        let methods = builtin.access_methods.iter().chain(&catalog.access_methods);
        let defaults = classes().filter(|class| class.default);
        let mut lookup = Self {
            namespaces: catalog.namespaces.iter().map(|row| (row.oid, row.name.as_str())).collect(),
            extension_owned: catalog.extension_owned.iter().map(|row| (row.class, row.object)).collect(),
            relations,
            attributes,
            defaults: catalog.defaults.iter().map(|row| ((row.relation, row.number), row.expr.as_str())).collect(),
            constraints: grouped(&catalog.constraints, |constraint| constraint.relation),
            constraint_indexes: constraint_indexes(catalog),
            indexes: grouped(&catalog.indexes, |index| index.relation),
            index_rows: catalog.indexes.iter().map(|index| (index.oid, index)).collect(),
            access_methods: methods.map(|row| (row.oid, row)).collect(),
            operator_classes: classes().map(|row| (row.oid, row)).collect(),
            default_classes: defaults.map(|class| ((class.method, class.type_oid), class.oid)).collect(),
            types: builtin.types.iter().chain(&catalog.types).map(|row| (row.oid, row)).collect(),
            collations: HashMap::new(),
            sequences: catalog.sequences.iter().map(|row| (row.oid, row)).collect(),
            owned_sequences,
            sequence_owners,
            comments: catalog
                .comments
                .iter()
                .map(|row| ((row.class, row.object, row.column), row.text.as_str()))
                .collect(),
            parents: grouped(&catalog.inherits, |row| row.child),
            partition_keys: catalog.partitioned.iter().map(|row| (row.relation, row.key.as_str())).collect(),
        };
        lookup.collations = lookup.collation_names(catalog);
        lookup
    }

    fn collation_names(&self, catalog: &Catalog) -> HashMap<Oid, String> {
        let named = catalog.attributes.iter().filter_map(|attribute| {
            let (namespace, name) = attribute.collation_name.as_deref()?.split_once(' ')?;
            Some((attribute.collation, self.spelled(namespace.parse().ok()?, name)))
        });
        // An index can name the default collation where its column has another one.
        named.chain([(100, "default".to_owned())]).collect()
    }

    /// A name that needs no schema as it is, any other as quoted SQL.
    fn spelled(&self, namespace: Oid, name: &str) -> String {
        match self.namespaces.get(&namespace) {
            _ if namespace == PG_CATALOG && !name.starts_with('"') && !name.contains('(') => name.to_owned(),
            Some(&"public") if !name.starts_with('"') && !name.contains('(') => name.to_owned(),
            Some(schema) if *schema != "public" => format!("{}.{}", ident(schema), ident(name)),
            _ => ident(name),
        }
    }

    /// The schemas of this database but `public`, as far as extensions do not own them.
    pub(super) fn other_namespaces(&self) -> BTreeSet<String> {
        let ours = self.namespaces.iter().filter(|(oid, name)| **name != "public" && !self.is_extensions(2615, **oid));
        ours.map(|(_, name)| (*name).to_owned()).collect()
    }

    /// Whether an extension owns an object.
    pub(super) fn is_extensions(&self, class: Oid, object: Oid) -> bool {
        self.extension_owned.contains(&(class, object))
    }

    /// The relations that are in a schema of ours and that no extension owns.
    pub(super) fn relations_of_ours(&self, catalog: &'a Catalog) -> impl Iterator<Item = &'a Relation> {
        let ours = |relation: &&Relation| {
            self.namespaces.contains_key(&relation.namespace) && !self.is_extensions(CLASS, relation.oid)
        };
        catalog.relations.iter().filter(ours)
    }

    /// A name in a schema of ours; `None` in any other.
    pub(super) fn qualified(&self, namespace: Oid, name: &str) -> Option<QName> {
        self.namespaces.get(&namespace).map(|schema| QName::qualified(*schema, name))
    }

    pub(super) fn name_of(&self, relation: &Relation) -> Option<QName> {
        self.qualified(relation.namespace, &relation.name)
    }

    pub(super) fn relation(&self, oid: Oid) -> Option<&'a Relation> {
        self.relations.get(&oid).copied()
    }

    /// The columns of a relation, in order.
    pub(super) fn attributes(&self, relation: Oid) -> &[&'a Attribute] {
        self.attributes.get(&relation).map_or(&[], Vec::as_slice)
    }

    pub(super) fn attribute(&self, relation: Oid, number: i16) -> Option<&'a Attribute> {
        self.attributes(relation).iter().find(|attribute| attribute.number == number).copied()
    }

    /// The names of columns by their numbers.
    pub(super) fn column_names(&self, relation: Oid, numbers: &[i16]) -> Vec<String> {
        let name = |number: &i16| self.attribute(relation, *number).map(|attribute| attribute.name.clone());
        numbers.iter().filter_map(name).collect()
    }

    pub(super) fn default(&self, relation: Oid, column: i16) -> Option<&'a str> {
        self.defaults.get(&(relation, column)).copied()
    }

    pub(super) fn constraints(&self, relation: Oid) -> &[&'a Constraint] {
        self.constraints.get(&relation).map_or(&[], Vec::as_slice)
    }

    /// Whether an index belongs to a constraint.
    pub(super) fn backs_constraint(&self, index: Oid) -> bool {
        self.constraint_indexes.contains(&index)
    }

    pub(super) fn indexes(&self, relation: Oid) -> &[&'a IndexRow] {
        self.indexes.get(&relation).map_or(&[], Vec::as_slice)
    }

    pub(super) fn index(&self, oid: Oid) -> Option<&'a IndexRow> {
        self.index_rows.get(&oid).copied()
    }

    pub(super) fn access_method(&self, oid: Oid) -> Option<&'a str> {
        self.access_methods.get(&oid).map(|method| method.name.as_str())
    }

    /// The name of an operator class, unless it is the one that the type gets anyway.
    pub(super) fn operator_class(&self, oid: Oid, type_oid: Option<Oid>) -> Option<String> {
        let class = self.operator_classes.get(&oid)?;
        let own = type_oid.and_then(|type_oid| self.default_classes.get(&(class.method, type_oid)));
        let is_default = own.map_or(class.default, |own| *own == oid);
        (!is_default).then(|| self.spelled(class.namespace, &class.name))
    }

    /// The name of an operator class whatever it is, as SQL: for one that has parameters.
    pub(super) fn operator_class_sql(&self, oid: Oid) -> Option<String> {
        let class = self.operator_classes.get(&oid)?;
        let name = self.spelled(class.namespace, &class.name);
        Some(if name.starts_with('"') { name } else { ident(&name) })
    }

    pub(super) fn type_row(&self, oid: Oid) -> Option<&'a Type> {
        self.types.get(&oid).copied()
    }

    pub(super) fn collation(&self, oid: Oid) -> Option<String> {
        self.collations.get(&oid).cloned()
    }

    pub(super) fn sequence(&self, oid: Oid) -> Option<&'a Sequence> {
        self.sequences.get(&oid).copied()
    }

    /// The sequences that a column owns.
    pub(super) fn owned_sequences(&self, relation: Oid, column: i16) -> &[&'a ColumnOwned] {
        self.owned_sequences.get(&(relation, column)).map_or(&[], Vec::as_slice)
    }

    /// The column that owns a sequence.
    pub(super) fn owner_of(&self, sequence: Oid) -> Option<&'a ColumnOwned> {
        self.sequence_owners.get(&sequence).copied()
    }

    pub(super) fn comment(&self, class: Oid, object: Oid, column: i16) -> Option<String> {
        self.comments.get(&(class, object, i64::from(column))).map(|text| (*text).to_owned())
    }

    /// The relations that a relation inherits from or is a partition of.
    pub(super) fn parents(&self, relation: Oid) -> Vec<&'a Relation> {
        self.parents.get(&relation).into_iter().flatten().filter_map(|row| self.relation(row.parent)).collect()
    }

    pub(super) fn partition_key(&self, relation: Oid) -> Option<&'a str> {
        self.partition_keys.get(&relation).copied()
    }
}

fn constraint_indexes(catalog: &Catalog) -> HashSet<Oid> {
    let backed = catalog.constraints.iter().filter(|constraint| matches!(constraint.kind, 'p' | 'u' | 'x'));
    backed.map(|constraint| constraint.index).collect()
}

/// Options of a map that hold only where a condition does.
pub(super) fn flag(options: &mut BTreeMap<String, String>, key: &str, holds: bool) {
    if holds {
        options.insert(key.to_owned(), "true".to_owned());
    }
}
