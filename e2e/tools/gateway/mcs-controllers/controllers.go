package controllers

const DerivedServiceAnnotation = "multicluster.kubernetes.io/derived-service"
